"""What the dbt steps hand to Python: the tables of this run, and no table of a model that is gone."""

import pytest
from dagster import Output

from assets.warehouse import with_exports
from clv_platform.warehouse import open_warehouse, read_parquet


def test_exported_tables_lie_there_before_their_event_and_files_of_models_that_are_gone_do_not(company):
    with open_warehouse(company.paths.warehouse, company.settings) as connection:
        connection.execute("create schema marts; create table marts.fct_new as select 1 as n; create schema staging")
    folder = company.paths.marts
    folder.mkdir(parents=True)
    for name in ("fct_renamed_since", "fct_of_another_selection"):
        (folder / f"{name}.parquet").write_bytes(b"old")
    events = (Output(None, output_name=name) for name in ("staging__stg_x", "marts__fct_new"))
    passed = with_exports(events, company, folder, ("marts__",), {"stg_x", "fct_new", "fct_of_another_selection"})
    assert next(passed).output_name == "staging__stg_x"
    event = next(passed)
    assert (event.output_name, event.metadata["dagster/row_count"].value) == ("marts__fct_new", 1)
    assert read_parquet(folder / "fct_new.parquet")["n"].tolist() == [1]
    assert sorted(path.stem for path in folder.iterdir()) == ["fct_new", "fct_of_another_selection"]


def built(company):
    with open_warehouse(company.paths.warehouse, company.settings) as connection:
        connection.execute("create schema features; create table features.feat_x as select unnest(range(7)) as n")
        connection.execute("create schema intermediate; create view intermediate.int_x as select * from features.feat_x")
    return [Output(None, output_name=name) for name in ("staging__stg_x", "intermediate__int_x", "features__feat_x")]


def test_stored_tables_that_are_not_exported_know_their_rows_and_views_are_not_computed(company):
    events = {event.output_name: event for event in with_exports(iter(built(company)), company, company.paths.marts, ("marts__",), {"x"})}
    assert list(events) == ["staging__stg_x", "intermediate__int_x", "features__feat_x"]
    assert events["features__feat_x"].metadata["dagster/row_count"].value == 7
    assert "dagster/row_count" not in events["intermediate__int_x"].metadata
    assert not company.paths.marts.exists()


def test_when_dbt_fails_what_it_had_built_is_still_passed_on(company):
    def failing():
        yield from built(company)
        raise RuntimeError("dbt failed")

    events = with_exports(failing(), company, company.paths.marts, ("marts__",), {"x"})
    assert [next(events).output_name for _ in range(3)] == ["staging__stg_x", "intermediate__int_x", "features__feat_x"]
    with pytest.raises(RuntimeError, match="dbt failed"):
        next(events)
