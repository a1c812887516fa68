# ruff: noqa: E501 (one case a line)
"""Rows that can't be used, spellings that can, and odd but right contents: nothing is lost, nothing stops the rest."""

from __future__ import annotations

import gzip
from typing import Any

import pandas as pd
import pytest

NO_SUCH_DAY = "not a date of the calendar"
DATE = "expected a date, year first (set date_format for another spelling)"

# content of orders.csv, block of the config beside `files`, rejected rows (row, column, value, reason, kind), accepted (account, amount)
Rejected = list[tuple[int, str | None, str | None, str, str]]
ORDERS: dict[str, tuple[str | bytes, dict[str, Any], Rejected, list[tuple[str, float]]]] = {
    "byte order mark": (b"\xef\xbb\xbfaccount_id,ordered_at,amount\na1,2024-01-01,5\n", {}, [], [("a1", 5)]),
    "Windows line ends": ("account_id,ordered_at,amount\r\na1,2024-01-01,5\r\na2,2024-01-02,6\r\n", {}, [], [("a1", 5), ("a2", 6)]),
    "utf-16 by its mark": ("account_id,ordered_at,amount\na1,2024-01-01,5\n".encode("utf-16"), {}, [], [("a1", 5)]),
    "utf-16 by the config": ("account_id,ordered_at,amount\na1,2024-01-01,5\n".encode("utf-16-be"), {"encoding": "utf-16-be"}, [], [("a1", 5)]),
    "gzip under a plain name": (gzip.compress(b"account_id,ordered_at,amount\na1,2024-01-01,5\n"), {}, [], [("a1", 5)]),
    "semicolons and decimal commas": (
        "account_id;ordered_at;amount\na1;01.02.2024;1.234,56\na2;02.02.2024;7,5\na2;02.02.2024;7.5\n", {"decimal": ","},
        [(3, "amount", "7.5", "expected an amount of money", "invalid")], [("a1", 1234.56), ("a2", 7.5)],
    ),
    "quotes and newlines in cells": (
        'account_id,ordered_at,amount,product\n"a1",2024-01-01,5,"a ""big"" one,\nin two lines"\na2,2024-01-02,6,x\n', {}, [],
        [("a1", 5), ("a2", 6)],
    ),
    "newlines in the header of a file with Windows line ends": (
        'account_id,"ordered\nat",amount\r\na1,2024-01-01,5\r\na2,2024-01-02,6\r\n',
        {"columns": {"account_id": "account_id", "ordered_at": "ordered\nat", "amount": "amount"}}, [], [("a1", 5), ("a2", 6)],
    ),
    "a cell of 1 MB": ("account_id,ordered_at,amount,product\na1,2024-01-01,5," + "x" * 1_000_000 + "\na2,2024-01-02,6,y\n", {}, [], [("a1", 5), ("a2", 6)]),
    "a cell of 3 MB": ("account_id,ordered_at,amount,product\na1,2024-01-01,5," + "x" * 3_000_000 + "\na2,2024-01-02,6,y\n", {}, [], [("a1", 5), ("a2", 6)]),
    "cut off in a row": (
        "account_id,ordered_at,amount\na1,2024-01-01,5\na2,2024-01", {}, [(2, None, "a2,2024-01", "too few fields in this row", "invalid")],
        [("a1", 5)],
    ),
    "too many fields": (
        "account_id,ordered_at,amount\na1,2024-01-01,5,9\na2,2024-01-02,six\na2,2024-01-02,7\n", {},
        [(1, None, "a1,2024-01-01,5,9", "too many fields in this row", "invalid"), (2, "amount", "six", "expected an amount of money", "invalid")],
        [("a2", 7)],
    ),
    "null and blank keys": (
        "account_id,ordered_at,amount\n,2024-01-01,5\n  ,2024-01-01,5\na1,2024-01-01,5\n", {},
        [(1, "account_id", None, "a required value is missing", "invalid"), (2, "account_id", None, "a required value is missing", "invalid")],
        [("a1", 5)],
    ),
    "null in a declared key": (
        "account_id,ordered_at,amount,order_id\na1,2024-01-01,5,\na1,2024-01-01,6,o1\n", {"key": "order_id"},
        [(1, "order_id", None, "a column of the key is empty", "invalid")], [("a1", 6)],
    ),
    "duplicate keys stay for staging": (
        "account_id,ordered_at,amount,order_id\na1,2024-01-01,5,o1\na1,2024-01-01,5,o1\n", {"key": "order_id"}, [], [("a1", 5), ("a1", 5)],
    ),
    "impossible dates": (
        "account_id,ordered_at,amount\na1,2024-02-30,1\na1,2024-13-01,2\na1,0203-01-01,3\na1,2999-01-01,4\na1,infinity,5\na1,,6\na1,2024-02-29,7\n", {},
        [
            (1, "ordered_at", "2024-02-30", NO_SUCH_DAY, "invalid"), (2, "ordered_at", "2024-13-01", DATE, "invalid"),
            (3, "ordered_at", "0203-01-01", "expected a date between 1900 and 2100", "invalid"),
            (4, "ordered_at", "2999-01-01", "expected a date between 1900 and 2100", "invalid"),
            (5, "ordered_at", "infinity", DATE, "invalid"), (6, "ordered_at", None, "a required value is missing", "invalid"),
        ],
        [("a1", 7)],
    ),
    "dates of a declared spelling": (
        "account_id,ordered_at,amount\na1,12/31/2024,5\na1,31/12/2024,6\n", {"date_format": "%m/%d/%Y"},
        [(2, "ordered_at", "31/12/2024", "expected a date spelt %m/%d/%Y", "invalid")], [("a1", 5)],
    ),
    "days that a month hasn't, in a declared spelling": (
        "account_id,ordered_at,amount\na1,28.02.2025 10:00,5\na1,31.02.2025 10:00,6\na1,2025-02-28,7\na1,32.01.2025 10:00,8\n",
        {"date_format": "%d.%m.%Y %H:%M"},
        [
            (2, "ordered_at", "31.02.2025 10:00", NO_SUCH_DAY, "invalid"),
            (3, "ordered_at", "2025-02-28", "expected a date spelt %d.%m.%Y %H:%M", "invalid"),
            (4, "ordered_at", "32.01.2025 10:00", "expected a date spelt %d.%m.%Y %H:%M", "invalid"),
        ],
        [("a1", 5)],
    ),
    "days that a month hasn't, in spellings that need no declaration": (
        "account_id,ordered_at,amount\na1,28.02.2025,5\na1,31.02.2025,6\na1,20250230,7\na1,2023-02-29 08:00:00,8\na1,2025131,9\na1,31/02/2025,10\n",
        {},
        [
            (2, "ordered_at", "31.02.2025", NO_SUCH_DAY, "invalid"), (3, "ordered_at", "20250230", NO_SUCH_DAY, "invalid"),
            (4, "ordered_at", "2023-02-29 08:00:00", NO_SUCH_DAY, "invalid"), (5, "ordered_at", "2025131", DATE, "invalid"),
            (6, "ordered_at", "31/02/2025", DATE, "invalid"),
        ],
        [("a1", 5)],
    ),
    "infinite and missing numbers": (
        "account_id,ordered_at,amount,quantity\na1,2024-01-01,inf,1\na1,2024-01-01,5,-inf\na1,2024-01-01,5,nan\na1,2024-01-01,6,\n", {},
        [
            (1, "amount", "inf", "expected an amount of money", "invalid"), (2, "quantity", "-inf", "expected a finite number", "invalid"),
            (3, "quantity", "nan", "expected a finite number", "invalid"),
        ],
        [("a1", 6)],
    ),
    "text in numbers": (
        "account_id,ordered_at,amount,quantity\na1,2024-01-01,5 EUR,1\na1,2024-01-01,1_000,1\na1,2024-01-01,5,two\na1,2024-01-01,n/a,1\na1,2024-01-01,6,n/a\n",
        {"null_values": ["n/a"]},
        [
            (1, "amount", "5 EUR", "expected an amount of money", "invalid"), (2, "amount", "1_000", "expected an amount of money", "invalid"),
            (3, "quantity", "two", "expected a number", "invalid"), (4, "amount", None, "a required value is missing", "invalid"),
        ],
        [("a1", 6)],
    ),
    "ids that look like SQL": (
        "account_id,ordered_at,amount\n\"a'; drop table raw.accounts; --\",2024-01-01,5\na1,2024-01-01,6\n", {},
        [(1, "account_id", "a'; drop table raw.accounts; --", "account_id is not among the accounts", "orphan")], [("a1", 6)],
    ),
    "names that look like SQL": (
        'account_id,ordered_at,amount,"x""; drop table raw.accounts; --",select\na1,2024-01-01,5,1,2\n', {}, [], [("a1", 5)],
    ),
    "orphan rows": (
        "account_id,ordered_at,amount\na9,2024-01-01,5\na1,2024-01-01,6\n", {},
        [(1, "account_id", "a9", "account_id is not among the accounts", "orphan")], [("a1", 6)],
    ),
    "no header": (
        "a1|2024-01-01|5\n", {"header": False, "column_names": ["account_id", "ordered_at", "amount"], "delimiter": "|"}, [], [("a1", 5)],
    ),
    "constant and all-null columns": (
        "account_id,ordered_at,amount,quantity,product\na1,2024-01-01,5,,same\na2,2024-01-01,5,,same\n", {}, [], [("a1", 5), ("a2", 5)],
    ),
    "times with an offset become UTC": ("account_id,ordered_at,amount\na1,2024-01-01T01:00:00+02:00,5\n", {}, [], [("a1", 5)]),
}  # fmt: skip


@pytest.mark.parametrize("case", ORDERS)
def test_rows_are_accepted_or_listed_with_a_reason(company, accounts, case):
    content, options, rejected, accepted = ORDERS[case]
    company.write("orders.csv", content)
    load = company.load({"accounts": accounts(), "orders": {"files": "orders.csv", **options}})
    assert company.rejected("orders") == rejected
    assert company.rows("select account_id, amount::double from raw.orders order by _source_row") == accepted
    counts = load.table("orders")
    assert counts is not None
    assert (counts.n_read, counts.n_accepted, counts.n_rejected) == (len(rejected) + len(accepted), len(accepted), len(rejected))
    assert company.rows("select count(*) from raw.accounts") == [(3,)]


def test_time_with_an_offset_is_stored_in_utc(company, accounts):
    company.write("orders.csv", "account_id,ordered_at,amount\na1,2024-01-01T01:00:00+02:00,5\n")
    company.load({"accounts": accounts(), "orders": {"files": "orders.csv"}})
    assert company.rows("select ordered_at::varchar from raw.orders") == [("2023-12-31 23:00:00",)]


def test_rows_keep_their_number_in_the_file_behind_malformed_ones(company, accounts):
    lines = ["a1,2024-01-01,1", "a1", "a1,2024-01-01,3", 'a1,2024-01-01,"4\n4"', "a1,2024-01-01", "a2,2024-01-01,6", "a3,2024-01-01,7"]
    company.write("orders.csv", "account_id,ordered_at,amount\n" + "\n".join(lines) + "\n")
    company.load({"accounts": accounts(), "orders": {"files": "orders.csv"}})
    assert company.rows("select _source_row, amount::integer from raw.orders order by 1") == [(1, 1), (3, 3), (6, 6), (7, 7)]
    assert [(row, reason) for row, _, _, reason, _ in company.rejected("orders")] == [
        (2, "too few fields in this row"), (4, "expected an amount of money"), (5, "too few fields in this row"),
    ]  # fmt: skip


def test_end_before_beginning_is_rejected(company, accounts):
    company.write("s.csv", "account_id,plan,started_at,ended_at\na1,P1,2024-02-01,2024-01-01\na1,P1,2024-02-01,2024-02-01\n")
    company.load({"accounts": accounts(), "subscriptions": {"files": "s.csv"}})
    assert company.rejected("subscriptions") == [(1, "ended_at", "2024-01-01", "ended_at is before started_at", "invalid")]


def test_values_below_the_minimum_are_rejected_in_typed_files_too(company, accounts):
    frame = pd.DataFrame(
        {
            "account_id": ["a1", "a1", "a1", "a9"],
            "used_at": pd.to_datetime(["2024-01-01"] * 4),
            "metric": "users",
            "value": [1.0, -1, float("inf"), 1],
        }
    )
    frame.to_parquet(company.folder / "usage.parquet")
    company.load({"accounts": accounts(), "usage": {"files": "usage.parquet"}})
    assert company.rejected("usage") == [
        (2, "value", "-1.0", "expected at least 0", "invalid"), (3, "value", "inf", "expected a finite number", "invalid"),
        (4, "account_id", "a9", "account_id is not among the accounts", "orphan"),
    ]  # fmt: skip


def test_private_values_are_not_shown_among_rejected_rows(company):
    company.write("accounts.csv", "account_id,birth_date\na1,1990-01-01\na2,1290-01-01\n")
    company.load({"accounts": {"files": "accounts.csv"}}, private=["birth_date"])
    assert company.rejected("accounts") == [(2, "birth_date", "(private)", "expected a date between 1900 and 2100", "invalid")]


def test_category_of_ten_thousand_levels_and_three_accounts_load(company):
    rows = "".join(f"a{number},level {number}\n" for number in range(10_000))
    company.write("accounts.csv", "account_id,country\n" + rows)
    assert company.load({"accounts": {"files": "accounts.csv"}}).tables[0].n_accepted == 10_000
    company.write("three.csv", "account_id\na1\na2\na3\n")
    assert company.load({"accounts": {"files": "three.csv"}}).tables[0].n_accepted == 3


@pytest.mark.parametrize("word", ["true", "T", "Yes", "1", "on", "ja"])
def test_booleans_come_in_several_spellings(company, accounts, word):
    company.write("s.csv", f"account_id,plan,started_at,is_trial\na1,P1,2024-01-01,{word}\na2,P1,2024-01-01,no\na3,P1,2024-01-01,perhaps\n")
    company.load({"accounts": accounts(), "subscriptions": {"files": "s.csv"}})
    assert company.rows("select is_trial from raw.subscriptions order by _source_row") == [(True,), (False,)]
    assert company.rejected("subscriptions") == [(3, "is_trial", "perhaps", "expected yes or no (true, false, 1, 0)", "invalid")]
