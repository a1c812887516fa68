"""Sources in a PostgreSQL database, against a real server; and the messages when there is none."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from clv_platform.config import config_hash
from clv_platform.raw import RawDataError

TABLES = """
create schema "Sales";
create table "Sales".clients (account_id text, country text, signed_up_at timestamptz, note text, is_vip boolean, born date);
insert into "Sales".clients values
  ('a1', 'DE', '2024-01-01 01:30:00+02', E'line one\\nline "two"', true, '1990-02-03'),
  ('a2', '', null, '', false, null),
  ('a3', null, '2024-02-01 00:00:00+00', E'back\\\\slash, comma; \\t tab', null, null);
create table orders (id bigint, account_id text, ordered_at timestamp, amount numeric(12, 3), quantity double precision);
insert into orders values (1, 'a1', '2024-03-01 10:00', 12.345, 2), (2, 'a2', '2024-03-02', -7, 'NaN'), (3, 'zz', '2024-03-02', 1, 1),
  (4, 'a3', 'infinity', 1, 1);
create table empty_usage (account_id text, used_at date, metric text, value float8);
"""


@pytest.fixture(scope="module")
def server(postgres: str) -> str:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(TABLES)
    return postgres


@pytest.fixture
def address(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TINY_DATABASE", server)
    return server


def db(**rest: Any) -> dict[str, Any]:
    return {"database": "${TINY_DATABASE}", **rest}


@pytest.mark.server
def test_types_nulls_and_texts_of_a_table_arrive_unchanged(company, address):
    company.load({"accounts": db(table="Sales.clients")}, account_columns={"is_vip": {"type": "boolean"}})
    assert company.rows("select account_id, country, signed_up_at::varchar, note, is_vip, born from raw.accounts order by 1") == [
        ("a1", "DE", "2023-12-31 23:30:00", 'line one\nline "two"', True, "1990-02-03"),
        ("a2", None, None, "", False, None),
        ("a3", None, "2024-02-01 00:00:00", "back\\slash, comma; \t tab", None, None),
    ]
    assert company.rows("select distinct _source_file from raw.accounts") == [("table Sales.clients",)]


@pytest.mark.server
def test_select_in_the_database_is_validated_like_a_file(company, address):
    query = "select * from orders order by id;"
    load = company.load({"accounts": db(table="Sales.clients"), "orders": db(database_query=query), "usage": db(table="empty_usage")})
    assert company.rows("select account_id, ordered_at::varchar, amount::varchar from raw.orders") == [
        ("a1", "2024-03-01 10:00:00", "12.3450")
    ]
    assert company.rejected("orders") == [
        (2, "quantity", "NaN", "expected a finite number", "invalid"),
        (3, "account_id", "zz", "account_id is not among the accounts", "orphan"),
        (4, "ordered_at", "infinity", "expected a date, year first (set date_format for another spelling)", "invalid"),
    ]
    assert "usage: table empty_usage has no rows." in load.warnings


@pytest.mark.server
def test_database_and_file_can_be_joined_in_a_query(company, address):
    company.write("extra.csv", "account_id,industry\na1,retail\n")
    inputs = {"clients": db(table="Sales.clients"), "extra": {"files": "extra.csv"}}
    company.load({"accounts": {"inputs": inputs, "query": "select * from clients left join extra using (account_id)"}})
    assert company.rows("select account_id, industry from raw.accounts order by 1") == [("a1", "retail"), ("a2", None), ("a3", None)]


@pytest.mark.server
def test_missing_table_is_said_in_the_servers_words(company, address):
    with pytest.raises(RawDataError) as error:
        company.load({"accounts": db(table="clients")})
    assert str(error.value) == (
        'sources.accounts: expected the database to answer, found an error: relation "clients" does not exist. '
        "Correct `table` or `database_query`, or the rights of the user."
    )


@pytest.mark.server
def test_query_that_writes_is_refused(company, address):
    with pytest.raises(RawDataError, match=r"cannot execute|read-only|must have a RETURNING clause|syntax error"):
        company.load({"accounts": db(database_query="delete from orders returning account_id")})
    with psycopg.connect(address) as connection:
        assert connection.execute("select count(*) from orders").fetchone() == (4,)


@pytest.mark.server
def test_wrong_password_never_shows_the_address(company, server, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TINY_DATABASE", server.replace(urlsplit(server).password or "", "wr0ng-word"))
    with pytest.raises(RawDataError) as error:
        company.load({"accounts": db(table="clients")})
    message = str(error.value)
    assert message == (
        "sources.accounts.database: expected to connect to the database named by TINY_DATABASE, found that it can't be reached or refuses "
        "the user. Check the address in TINY_DATABASE, the server and the network."
    )
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__
    for secret in ("wr0ng-word", "tester", "127.0.0.1"):
        assert secret not in message + caplog.text


def test_variable_that_is_not_set_is_named(company, monkeypatch):
    monkeypatch.delenv("TINY_DATABASE", raising=False)
    with pytest.raises(RawDataError) as error:
        company.load({"accounts": db(table="clients")})
    assert str(error.value) == (
        "sources.accounts.database: expected the address of a PostgreSQL database in the environment variable TINY_DATABASE, found it not "
        "set. Set TINY_DATABASE to postgresql://user:password@host/database before the run."
    )


def test_unreachable_server_and_odd_address_are_said_without_it(company, monkeypatch):
    monkeypatch.setenv("TINY_DATABASE", "postgresql://me:hidden@127.0.0.1:1/x")
    with pytest.raises(RawDataError, match="can't be reached or refuses the user") as unreachable:
        company.load({"accounts": db(table="clients")})
    monkeypatch.setenv("TINY_DATABASE", "hidden words without sense")
    with pytest.raises(RawDataError, match="Set TINY_DATABASE to postgresql://") as odd:
        company.load({"accounts": db(table="clients")})
    assert "hidden" not in str(unreachable.value) + str(odd.value)


def test_config_hash_does_not_depend_on_the_address(company, monkeypatch):
    config = company.config({"accounts": db(table="clients")})
    monkeypatch.setenv("TINY_DATABASE", "postgresql://one")
    first = config_hash(config)
    monkeypatch.setenv("TINY_DATABASE", "postgresql://two")
    assert config_hash(config) == first
