"""A table or SELECT of a PostgreSQL database, streamed to a temporary file and read like any CSV.

Here: one `COPY ... TO STDOUT` in a read-only transaction; the address comes from an environment variable that the config names.
Keep out of messages, logs and hashes: the address. Errors of the driver may hold it, so only the server's own words are passed on.
"""

from __future__ import annotations

from typing import LiteralString, cast

import psycopg
from psycopg import sql

from clv_platform.config import Input
from clv_platform.raw.errors import RawDataError
from clv_platform.raw.reading.delimited import read_copies
from clv_platform.raw.reading.relation import Relation, Workbench
from clv_platform.settings import secret

_CONNECT_SECONDS = 15


def read_database(bench: Workbench, table: str, origin: Input) -> Relation:
    """Copy a table or SELECT of a PostgreSQL database.

    Types arrive as text in ISO spelling and UTC; null and empty text stay apart.

    Parameters
    ----------
    bench : Workbench
        Where to work.
    table : str
        The raw table, for messages.
    origin : Input
        `database` as `${NAME}`, with `table` or `database_query`.

    Raises
    ------
    RawDataError
        When the variable is not set, the server can't be reached, or it refuses the query.
    """
    variable = (origin.database or "")[2:-1]
    address = secret(variable)
    if not address:
        raise RawDataError(
            f"sources.{table}.database: expected the address of a PostgreSQL database in the environment variable {variable}, found it "
            f"not set. Set {variable} to postgresql://user:password@host/database before the run."
        )
    label = f"table {origin.table}" if origin.table else "database query"
    copy = bench.folder / f"{bench.new_name()}.csv"
    try:
        # The caller's traceback must not carry the address: nothing is chained.
        with (
            psycopg.connect(
                address, connect_timeout=_CONNECT_SECONDS, options="-c TimeZone=UTC -c DateStyle=ISO -c client_encoding=UTF8"
            ) as connection,
            copy.open("wb") as stream,
        ):
            connection.read_only = True
            with connection.cursor() as cursor, cursor.copy(_copy_statement(origin)) as pieces:
                for piece in pieces:
                    stream.write(piece)
    except psycopg.Error as error:
        message = _explain(table, variable, error)
        raise RawDataError(message) from None
    return read_copies(bench, origin, [(copy, label, f"{label} of ${{{variable}}}")], label)


def _copy_statement(origin: Input) -> sql.Composed:
    if origin.table:
        select: sql.Composable = sql.SQL("select * from {}").format(sql.Identifier(*origin.table.split(".")))
    else:
        select = sql.SQL(cast(LiteralString, (origin.database_query or "").strip().rstrip(";")))
    return sql.SQL("copy ({}) to stdout (format csv, header true)").format(select)


def _explain(table: str, variable: str, error: psycopg.Error) -> str:
    said = error.diag.message_primary if error.diag else None
    if error.sqlstate and not error.sqlstate.startswith(("08", "28")) and said:
        return (
            f"sources.{table}: expected the database to answer, found an error: {said}. "
            "Correct `table` or `database_query`, or the rights of the user."
        )
    if isinstance(error, psycopg.ProgrammingError) and not error.sqlstate:
        return (
            f"sources.{table}.database: expected an address in {variable}, found something else. "
            f"Set {variable} to postgresql://user:password@host/database."
        )
    return (
        f"sources.{table}.database: expected to connect to the database named by {variable}, found that it can't be reached or refuses the "
        f"user. Check the address in {variable}, the server and the network."
    )
