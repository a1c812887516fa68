# ruff: noqa: E501 (the messages are given as people see them)
"""Files and configs that can't be loaded: each stops with one message that says what was expected, what was found and what to do."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from clv_platform.raw import RawDataError

CSV = "account_id,country\na1,DE\na2,FR\n"


def gz(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


def parquet(company: Any) -> bytes:
    path = company.folder / "whole.parquet"
    pd.DataFrame({"account_id": ["a1"]}).to_parquet(path)
    return path.read_bytes()


# name of the file, its content (None: no file), block of the config beside `files`, message ({f} is the file)
FILES: dict[str, tuple[str, Any, dict[str, Any], str]] = {
    "missing file": (
        "accounts.csv", None, {},
        "{f}: expected a file for sources.accounts, found none. Correct `files` (relative paths start at the config's folder), or set "
        "`optional: true` if it comes later.",
    ),
    "empty file": ("accounts.csv", b"", {}, "{f}: expected text with a header and rows, found an empty file (0 bytes). Export it again."),
    "header only": (
        "accounts.csv", "account_id,country\n", {},
        "accounts.csv: expected rows below the header, found the header only. Export the data again, or set `optional: true` and remove the "
        "file until there are rows.",
    ),
    "empty first line": (
        "accounts.csv", "\naccount_id\na1\n", {},
        "{f}: expected a header in the first line, found an empty line. Remove empty lines at the top.",
    ),
    "gzip cut off": (
        "accounts.csv.gz", gz(CSV + "".join(f"b{n},XX{n}\n" for n in range(5000)))[:-900], {},
        "{f}: expected a complete gzip file, found one that is cut off or damaged (Compressed file ended before the end-of-stream marker was reached). "
        "Copy or export it again.",
    ),
    "plain text called gz": (
        "accounts.csv.gz", CSV, {},
        "{f}: expected gzip by its name, found bytes that are not gzip. Remove `.gz` from the name, or compress the file.",
    ),
    "zip called csv": (
        "accounts.csv", b"PK\x03\x04 and more", {},
        "{f}: expected plain text or gzip, found a zip or Excel file. Set `format`, or unpack the file or compress it with gzip.",
    ),
    "latin-1 called utf-8": (
        "accounts.csv", "account_id,country\na1,Österreich\n".encode("latin-1"), {},
        "{f}: expected text in utf-8, found bytes that are not. Set `encoding` of this source, for example `encoding: latin-1`.",
    ),
    "unknown encoding": (
        "accounts.csv", CSV, {"encoding": "utf-9"},
        "{f}: expected a known `encoding`, found 'utf-9'. Use utf-8, utf-16, latin-1, cp1252 or another of Python's.",
    ),
    "utf-16 without a mark": (
        "accounts.csv", CSV.encode("utf-16-le"), {},
        "{f}: expected text, found zero bytes. Set `encoding` (utf-16, say) or `format` to what the file is.",
    ),
    "unknown suffix": (
        "accounts.dat", CSV, {},
        "{f}: expected a suffix that tells the format (.csv, .parquet, .json, .xlsx, each of the first also .gz), found .dat. Set `format` of "
        "sources.accounts to csv, parquet, json, excel or text.",
    ),
    "text called parquet": (
        "accounts.parquet", CSV, {},
        "{f}: expected a Parquet file, found something else. Set `format` to what it is, or export it again.",
    ),
    "empty parquet": ("accounts.parquet", b"", {}, "{f}: expected a Parquet file, found an empty file (0 bytes). Export it again."),
    "text called excel": (
        "accounts.xlsx", CSV, {}, "{f}: expected an Excel workbook, found something else (invalid Zip archive: Could not find EOCD). Save it as .xlsx."
    ),
    "duplicate columns": (
        "accounts.csv", "account_id,Country,country\na1,DE,FR\n", {},
        "{f}: expected every column once, found more than one called Country, country. Rename the columns in the file (upper and lower case "
        "count as the same), or give `column_names`.",
    ),
    "wrong number of column_names": (
        "accounts.csv", "a1,DE\n", {"header": False, "column_names": ["account_id"]},
        "{f}: expected 1 columns as in `column_names`, found 2 in the first line. Correct `column_names` or `delimiter`.",
    ),
    "missing required column": (
        "accounts.csv", "acount_id,country\na1,DE\n", {},
        "accounts.csv: expected a column for `account_id` of accounts, found columns acount_id, country. Did you mean `acount_id`? "
        "Add `account_id: <its name in the file>` to sources.accounts.columns.",
    ),
    "missing mapped column": (
        "accounts.csv", CSV, {"columns": {"industry": "Branche"}},
        "accounts.csv: expected a column 'Branche' (sources.accounts.columns.industry), found columns account_id, country. "
        "Correct the name in the config.",
    ),
    "missing key column": (
        "accounts.csv", CSV, {"key": "row_id"},
        "accounts.csv: expected the key column row_id of sources.accounts.key, found columns account_id, country. Correct `key`, or map the "
        "column under `columns`.",
    ),
    "all accounts rejected": (
        "accounts.csv", "account_id,signed_up_at\na1,soon\na2,later\n", {},
        "accounts.csv: expected at least one account, found none among 2 rows. Most were rejected because of signed_up_at: expected a date, "
        "year first (set date_format for another spelling). Correct the source of accounts.",
    ),
    "bad exclude rule": (
        "accounts.csv", CSV, {"exclude": [{"rule": "tests", "where": "contry = 'DE'"}]},
        "sources.accounts.exclude, rule tests: expected a condition over the source's columns, found an error (Binder Error: Referenced "
        'column "contry" not found in FROM clause!). Correct `where`; it is DuckDB\'s dialect.',
    ),
    "exclude rule that fails on a value": (
        "accounts.csv", "account_id,since\na1,28.02.2025\na2,31.02.2025\n", {"exclude": [
            {"rule": "nobody", "where": "account_id = 'a3'"}, {"rule": "early", "where": "strptime(since, '%d.%m.%Y') < date '2025-01-01'"},
        ]},
        "sources.accounts.exclude, rule early: expected a condition over the source's columns, found an error (Conversion Error: Date out "
        "of range: 2025-2-31). Correct `where`; it is DuckDB's dialect. `try_cast` and `try_strptime` give null where a value can't be read.",
    ),
    "unknown variable in a path": (
        "${HOME_OF_DATA}/accounts.csv", None, {},
        "sources.accounts.files: expected a path, found an unknown variable in '{f}'. Known are ${{CLV_DATA_DIR}} and ${{CLV_SAMPLE_DATA}}; "
        "write other paths out.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_unusable_file_stops_with_one_message(company, case):
    name, content, options, message = FILES[case]
    if content is not None:
        company.write(name, content)
    with pytest.raises(RawDataError) as error:
        company.load({"accounts": {"files": name, **options}})
    assert str(error.value) == message.format(f=company.folder / name)


def test_parquet_cut_off_is_named(company):
    company.write("accounts.parquet", parquet(company)[:-20])
    with pytest.raises(RawDataError) as error:
        company.load({"accounts": {"files": "accounts.parquet"}})
    assert str(error.value) == (
        f"{company.folder / 'accounts.parquet'}: expected a complete Parquet file, found one that is cut off. Copy or export it again."
    )


def test_excel_without_the_sheet_lists_the_sheets(company):
    pd.DataFrame({"account_id": ["a1"]}).to_excel(company.folder / "accounts.xlsx", sheet_name="Kunden", index=False)
    with pytest.raises(RawDataError) as error:
        company.load({"accounts": {"files": "accounts.xlsx", "sheet": "Accounts"}})
    assert str(error.value) == f"{company.folder / 'accounts.xlsx'}: expected a sheet 'Accounts', found Kunden. Correct `sheet`."


def test_broken_json_is_named(company):
    company.write("accounts.json", '[{"account_id": "a1"}, {"account_id"')
    with pytest.raises(RawDataError, match=r"^accounts\.json: expected JSON \(an array of objects, or one object a line\), found"):
        company.load({"accounts": {"files": "accounts.json"}})


def test_query_with_an_error_names_the_table_and_the_error(company):
    company.write("a.csv", CSV)
    with pytest.raises(RawDataError) as error:
        company.load({"accounts": {"inputs": {"a": {"files": "a.csv"}}, "query": "select acount_id from b"}})
    assert str(error.value) == (
        "sources.accounts.query: expected one SELECT over a, found an error (Catalog Error: Table with name b does not exist!). "
        "Correct the query; it is DuckDB's dialect."
    )


def test_unknown_raw_table_is_suggested(company, accounts):
    company.write("o.csv", "x\n1\n")
    with pytest.raises(RawDataError) as error:
        company.load({"accounts": accounts(), "order": {"files": "o.csv"}})
    assert str(error.value) == (
        "sources.order: expected one of the raw tables accounts, subscriptions, orders, usage, support_cases, web_sessions, feedback, "
        "campaigns, campaign_contacts, account_snapshots, found 'order'. Did you mean `orders`? Rename it."
    )


def test_amounts_in_a_currency_without_a_rate_stop_the_load(company, accounts):
    company.write("orders.csv", "account_id,ordered_at,amount,currency\na1,2024-01-01,10,USD\na1,2024-01-01,10,EUR\n")
    with pytest.raises(RawDataError) as error:
        company.load({"accounts": accounts(), "orders": {"files": "orders.csv"}})
    assert str(error.value) == (
        "sources.orders: expected amounts in EUR, found USD (1 rows). Add `exchange_rates: {XXX: <one XXX in EUR>}` to the config for each "
        "of these currencies, or leave their rows out with an `exclude` rule."
    )


def test_missing_label_column_is_suggested(company):
    company.write("flat.csv", "account_id,churned,tenure\na1,1,3\n")
    target: dict[str, Any] = {"name": "churn", "kind": "churn", "label_column": "churn"}
    with pytest.raises(RawDataError) as error:
        company.load({"account_snapshots": {"files": "flat.csv"}}, targets=[target], snapshots={"is_undated": True})
    assert str(error.value) == (
        "flat.csv: expected a column 'churn' (label_column of target churn), found columns account_id, churned, tenure. "
        "Did you mean `churned`? Correct the name in the config."
    )


def test_bad_file_leaves_the_earlier_load_as_it_was(company, accounts: Callable[..., dict[str, Any]]):
    company.load({"accounts": accounts("a1 a2")})
    company.write("accounts.csv", "wrong\nx\n")
    with pytest.raises(RawDataError):
        company.load({"accounts": {"files": "accounts.csv"}})
    assert company.rows("select account_id from raw.accounts order by 1") == [("a1",), ("a2",)]
    assert company.rows("select n_read, n_accepted from raw.load_report") == [(2, 2)]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("n_ordrs / 2", 'Binder Error: Referenced column "n_ordrs" not found in FROM clause. Did you mean `n_orders`?'),
        ("n_orders +", "Parser Error: syntax error at or near"),
        ("y_upgrade_90d * 2", 'Binder Error: Referenced column "y_upgrade_90d" not found in FROM clause'),  # a label is no feature
    ],
)
def test_derived_feature_with_an_error_is_named_before_anything_is_loaded(company, accounts, sql, said):
    company.write("orders.csv", "account_id,ordered_at,amount\na1,2024-01-05,5\n")
    sources = {"accounts": accounts(), "orders": {"files": "orders.csv"}}
    company.load(sources, derived_features={"good": "n_orders / nullif(revenue, 0)"})
    with pytest.raises(RawDataError) as error:
        company.load(sources, derived_features={"good": "n_orders", "bad": sql})
    assert str(error.value).startswith(f"derived_features.bad: expected SQL over the names of features, found an error: {said}")
    assert str(error.value).endswith(f"Correct the expression {sql!r}.")
