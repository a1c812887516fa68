"""What a load makes of good sources: formats, mapping, derived accounts, currencies, dates, hash."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from clv_platform.config import ConfigError, load_config
from clv_platform.contracts.raw_tables import RAW_TABLES
from clv_platform.raw import check_sources, read_raw_load

ORDERS = pd.DataFrame(
    {
        "customer": ["a1", "a2", "a2"],
        "ordered_at": ["2024-01-05", "2024-02-01", "2024-03-01"],
        "amount": [5.5, 7.0, -2.0],
        "note": ["x", "y", None],
    }
)


@pytest.mark.parametrize("format_", ["csv", "csv.gz", "parquet", "json", "jsonl", "xlsx"])
def test_every_format_gives_the_same_rows_and_the_same_hash(company, format_):
    path = company.folder / f"orders.{format_}"
    if format_.startswith("csv"):
        ORDERS.to_csv(path, index=False)
    elif format_ == "parquet":
        ORDERS.to_parquet(path)
    elif format_ == "xlsx":
        ORDERS.to_excel(path, index=False)
    else:
        ORDERS.to_json(path, orient="records", lines=format_ == "jsonl")
    ORDERS.to_csv(company.folder / "reference.csv", index=False)
    expected = company.load({"orders": {"files": "reference.csv", "columns": {"account_id": "customer"}}}).data_hash
    load = company.load({"orders": {"files": path.name, "columns": {"account_id": "customer"}}, "accounts": {"derive_from": "orders"}})
    assert company.rows("select account_id, ordered_at::date::varchar, amount::double, note from raw.orders order by _source_row") == [
        ("a1", "2024-01-05", 5.5, "x"), ("a2", "2024-02-01", 7.0, "y"), ("a2", "2024-03-01", -2.0, None),
    ]  # fmt: skip
    assert company.rows("select account_id from raw.accounts order by 1") == [("a1",), ("a2",)]
    assert (load.observed_from, load.observed_until) == (date(2024, 1, 5), date(2024, 3, 2))
    assert load.data_hash == expected


def test_hash_ignores_order_and_files_and_notices_a_changed_value(company):
    block = {"columns": {"account_id": "customer"}}
    hashes = []
    for name, frames in {"one": [ORDERS], "two": [ORDERS.iloc[:0:-1], ORDERS.iloc[:1]], "changed": [ORDERS.replace(7.0, 7.5)]}.items():
        for number, frame in enumerate(frames):
            frame.to_csv(company.folder / f"{name}_{number}.csv", index=False)
        hashes.append(company.load({"orders": {"files": f"{name}_*.csv", **block}}).data_hash)
    assert hashes[0] == hashes[1] != hashes[2]


def test_absent_tables_exist_empty_and_typed(company, accounts):
    load = company.load({"accounts": accounts()})
    for name, table in RAW_TABLES.items():
        columns = [row[0] for row in company.rows(f"describe raw.{name}")]
        assert columns[: len(table.columns)] == list(table.column_names)
        assert columns[-2:] == ["_source_file", "_source_row"]
    assert load.warnings[0].startswith("Not given: subscriptions, orders, usage")


def test_source_row_counts_from_one_in_every_file_of_a_pattern(company, accounts):
    for month in (1, 2):
        frame = pd.DataFrame({"account_id": ["a1", "a2"], "used_at": [f"2024-0{month}-01"] * 2, "metric": "users", "value": [1.0, 2.0]})
        frame.to_parquet(company.folder / f"usage_{month}.parquet")
    company.load({"accounts": accounts(), "usage": {"files": "usage_*.parquet"}})
    assert company.rows("select _source_file, _source_row from raw.usage order by 1, 2") == [
        ("usage_1.parquet", 1), ("usage_1.parquet", 2), ("usage_2.parquet", 1), ("usage_2.parquet", 2),
    ]  # fmt: skip


def test_columns_of_files_with_the_same_pattern_go_together_by_name(company, accounts):
    company.write("o1.csv", "account_id,ordered_at,amount\na1,2024-01-01,5\n")
    company.write("o2.csv", "amount;account_id;ordered_at;product\n6;a2;2024-01-02;p\n")
    company.load({"accounts": accounts(), "orders": {"files": "o*.csv"}})
    assert company.rows("select account_id, amount::integer, product from raw.orders order by 1") == [("a1", 5, None), ("a2", 6, "p")]


def test_exclusion_rules_are_counted_apart_and_listed(company, accounts):
    company.write(
        "orders.csv", "account_id,ordered_at,amount,invoice\na1,2024-01-01,5,C1\n,2024-01-01,5,7\na1,2024-01-01,bad,C2\na1,2024-01-01,6,8\n"
    )
    rules = [{"rule": "without_account", "where": "account_id is null"}, {"rule": "cancellation", "where": "invoice like 'C%'"}]
    load = company.load({"accounts": accounts(), "orders": {"files": "orders.csv", "exclude": rules}})
    assert company.rows("select source_row, rule from raw.excluded_rows order by 1") == [
        (1, "cancellation"),
        (2, "without_account"),
        (3, "cancellation"),
    ]
    counts = load.table("orders")
    assert counts is not None
    assert (counts.n_read, counts.n_accepted, counts.n_rejected, counts.n_excluded) == (4, 1, 0, 3)


def test_a_rule_may_rely_on_the_rules_before_it(company, accounts):
    company.write(
        "orders.csv", "account_id,ordered_at,amount,due\na1,2024-01-01,5,never\na1,2024-01-02,6,28.02.2023\na1,2024-01-03,7,28.02.2024\n"
    )
    rules = [{"rule": "never_due", "where": "due = 'never'"}, {"rule": "old", "where": "strptime(due, '%d.%m.%Y') < date '2024-01-01'"}]
    company.load({"accounts": accounts(), "orders": {"files": "orders.csv", "exclude": rules}})
    assert company.rows("select source_row, rule from raw.excluded_rows order by 1") == [(1, "never_due"), (2, "old")]


def test_amounts_are_converted_and_the_original_is_kept(company, accounts):
    company.write("orders.csv", "account_id,ordered_at,amount,currency\na1,2024-01-01,10,usd\na1,2024-01-02,10,\na1,2024-01-03,10,EUR\n")
    company.load({"accounts": accounts(), "orders": {"files": "orders.csv"}}, exchange_rates={"USD": 0.9})
    assert company.rows("select amount::double, amount_original::double from raw.orders order by _source_row") == [
        (9, 10),
        (10, 10),
        (10, 10),
    ]


def test_query_over_two_inputs_fills_a_table(company):
    company.write("u.csv", "sub,day,n\ns1,2024-01-01,3\ns2,2024-01-01,4\n")
    company.write("s.csv", "sub,acc\ns1,a1\ns2,a2\n")
    query = "select acc as account_id, day as used_at, 'uses' as metric, n as value from u join s using (sub) order by sub;"
    company.load({"usage": {"inputs": {"u": {"files": "u.csv"}, "s": {"files": "s.csv"}}, "query": query}})
    assert company.rows("select account_id, metric, value, _source_file from raw.usage order by 1") == [
        ("a1", "uses", 3.0, "query(u, s)"), ("a2", "uses", 4.0, "query(u, s)"),
    ]  # fmt: skip


def test_snapshot_columns_are_cast_blanks_are_null_and_labels_stay_text(company):
    company.write("flat.csv", "id,tenure,is_big,segment,left\nx1,3,yes,A,1\nx2, ,0,,0\nx3,long,no,B,1\n")
    company.load(
        {"account_snapshots": {"files": "flat.csv", "columns": {"account_id": "id"}}},
        snapshot_columns={"tenure": {}, "is_big": {"type": "boolean"}, "segment": {"type": "category"}},
        targets=[{"name": "churn", "kind": "churn", "label_column": "left"}], snapshots={"is_undated": True},
    )  # fmt: skip
    assert company.rows('select account_id, tenure, is_big, segment, "left" from raw.account_snapshots order by 1') == [
        ("x1", 3.0, True, "A", "1"), ("x2", None, False, None, "0"),
    ]  # fmt: skip
    assert company.rejected("account_snapshots") == [(3, "tenure", "long", "expected a number", "invalid")]


@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_text_is_trimmed_blank_text_is_null_and_a_required_blank_is_rejected(company, accounts, format_):
    frame = pd.DataFrame(
        {
            "account_id": [" a1", "a1 ", "a2", "a2"],
            "used_at": ["2024-01-01"] * 4,
            "metric": [" users", "users  ", "  ", ""],
            "value": [1.0, 2.0, 3.0, 4.0],
            "note": [" kept "] * 4,
        }
    )
    visits = pd.DataFrame(
        {"session_id": ["w1", "w2"], "started_at": ["2024-01-01"] * 2, "source": [" google ", "  "], "account_id": ["  ", " a2 "]}
    )
    for name, table in (("usage", frame), ("visits", visits)):
        path = company.folder / f"{name}.{format_}"
        table.to_csv(path, index=False) if format_ == "csv" else table.to_parquet(path)
    company.load({"accounts": accounts(), "usage": {"files": f"usage.{format_}"}, "web_sessions": {"files": f"visits.{format_}"}})
    assert company.rows("select account_id, metric, value, note from raw.usage order by value") == [
        ("a1", "users", 1.0, " kept "), ("a1", "users", 2.0, " kept "),
    ]  # fmt: skip
    assert company.rejected("usage") == [(row, "metric", None, "a required value is missing", "invalid") for row in (3, 4)]
    assert company.rows("select session_id, account_id, source from raw.web_sessions order by 1") == [
        ("w1", None, "google"), ("w2", "a2", None),
    ]  # fmt: skip


def test_session_without_an_account_is_kept(company, accounts):
    company.write("w.csv", "session_id,account_id,started_at\nw1,,2024-01-01\nw2,a1,2024-01-01\nw3,zz,2024-01-01\n")
    company.load({"accounts": accounts(), "web_sessions": {"files": "w.csv"}})
    assert company.rows("select session_id from raw.web_sessions order by 1") == [("w1",), ("w2",)]
    assert company.rejected("web_sessions") == [(3, "account_id", "zz", "account_id is not among the accounts", "orphan")]


def test_optional_source_without_a_file_is_empty(company, accounts):
    load = company.load({"accounts": accounts(), "feedback": {"files": "later.csv", "optional": True}})
    assert load.warnings[-1] == "feedback: no file yet, so it is empty."


def test_summary_can_be_read_again(company, accounts):
    assert company.load({"accounts": accounts()}) == read_raw_load(company.paths)


def test_feature_catalogue_and_coverage_are_tables(company, accounts):
    company.write("orders.csv", "account_id,ordered_at,amount\na1,2024-01-05,5\n")
    company.load({"accounts": accounts(), "orders": {"files": "orders.csv"}}, observed_until="2024-01-05")
    assert company.rows("select observed_from::varchar, observed_until::varchar, last_event_at::varchar from raw.coverage") == [
        ("2024-01-05", "2024-01-05", "2024-01-05 00:00:00")
    ]
    assert company.rows("select model, is_point_in_time from raw.feature_catalogue where name = 'revenue_90d'") == [
        ("feat_accounts__rfm", True)
    ]
    assert read_raw_load(company.paths).warnings[-1] == (
        "Events reach until 2024-01-05, beyond observed_until 2024-01-05: what lies there is not used."
    )


def test_names_that_have_no_effect_are_said_because_a_typo_would_show_a_private_column(company):
    company.write("a.csv", "account_id,birth_date,vat_no\na1,1980-01-01,x\n")
    load = company.load(
        {"accounts": {"files": "a.csv", "columns": {"account_id": "account_id", "birth_date": "birth_date"}}},
        private=["birthdate", "vat_no"], unused=["gender", "tenure_days"], slices=["region"],
    )  # fmt: skip
    assert load.warnings[1:] == (
        "private: 'birthdate' is neither a column nor a feature, so it has no effect. Did you mean `birth_date`?",
        "unused: 'tenure_days' is neither a column nor a feature, so it has no effect.",
        "slices: 'region' is neither a column nor a feature, so it has no effect.",
    )


def test_one_date_far_ahead_is_said_unless_the_config_says_where_the_data_end(company, accounts):
    days = [f"a1,2024-{month:02d}-{day:02d},5\n" for month in range(1, 13) for day in range(1, 29)]
    company.write("orders.csv", "account_id,ordered_at,amount\n" + "".join(days) + "a1,2042-01-01,5\n")
    sources = {"accounts": accounts(), "orders": {"files": "orders.csv"}}
    load = company.load(sources)
    assert load.warnings[-1] == (
        "orders: the data would end at 2042-01-01, but 99 % of these rows are from 2024-12-26 or before. A wrong or planned date makes "
        "labels look complete that aren't: correct or exclude such rows, or set `observed_until`."
    )
    assert "would end at" not in " ".join(company.load(sources, observed_until="2025-01-01").warnings)
    company.write("orders.csv", "account_id,ordered_at,amount\n" + "".join(days))
    assert "would end at" not in " ".join(company.load(sources).warnings)


def test_exact_doubles_of_orders_without_a_key_are_counted_and_stay(company, accounts):
    company.write("o.csv", "no,account_id,ordered_at,amount\n1,a1,2024-01-01,5\n1,a1,2024-01-01,5\n1,a1,2024-01-01,5\n2,a1,2024-01-01,5\n")
    sources = {"accounts": accounts(), "orders": {"files": "o.csv"}}
    said = company.load(sources).warnings[-1]
    assert said.startswith(
        "orders: 2 of 4 rows are exact doubles of another one and count as a purchase like it. If these are copies, give"
    )
    assert "`key` (such as [account_id, ordered_at, amount])" in said
    assert company.rows("select count(*) from raw.orders") == [(4,)]
    sources["orders"]["key"] = ["account_id", "ordered_at", "amount"]
    assert "double" not in " ".join(company.load(sources).warnings)


def test_horizon_longer_than_the_history_is_said_by_the_check(company, accounts):
    company.write("s.csv", "account_id,plan,started_at\na1,P1,2024-01-01\na1,P2,2024-02-29\n")
    config = company.config(
        {"accounts": accounts(), "subscriptions": {"files": "s.csv"}}, plans={"order": ["P1", "P2"]},
        targets=[{"name": "upgrade", "kind": "upgrade", "horizon_days": 90}],
    )  # fmt: skip
    check = check_sources(config, company.settings)
    assert check.targets[0].message == (
        "Its horizon of 90 days is longer than the history (60 days, 2024-01-01 to 2024-03-01); about 303 days are needed. "
        "Shorten horizon_days or give more history."
    )
    assert not check.is_good
    assert "upgrade: NOT possible." in check.render()
    assert not company.paths.root.exists()


def test_typo_in_the_config_names_key_and_remedy(company):
    path = company.write("x.yaml", "name: x\ntitle: X\nsources: {accounts: {files: a.csv, colums: {account_id: id}}}\n")
    with pytest.raises(ConfigError) as error:
        load_config(path, company.settings)
    assert str(error.value) == f"{path}: unknown key `sources.accounts.colums`. Did you mean `columns`?"
