"""What the dbt steps hand to Python: the tables of this run, and no table of a model that is gone."""

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
