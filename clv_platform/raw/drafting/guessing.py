"""Which file is which raw table, and which of its columns is which: by names first, by what columns hold second.

Keep out: reading (`looking`) and YAML (`writing`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from clv_platform.contracts.raw_tables import RAW_TABLES
from clv_platform.raw.drafting.looking import ColumnLook, FileLook
from clv_platform.raw.drafting.vocabulary import ACCOUNT_ID, COLUMNS, FILE_WORDS, LABEL, MONTH_COLUMN, PRICE, alike, plain

_ACCOUNT_IDS = tuple(alike(word) for word in ACCOUNT_ID if word.endswith("id"))
_HOLDERS = tuple(word for word in ACCOUNT_ID if not word.endswith("id"))  # a column `customer` may hold names beside one of ids


@dataclass(frozen=True)
class Guess:
    """What a file seems to be.

    Attributes
    ----------
    table : str
        The raw table.
    look : FileLook
        The file.
    columns : dict
        Contract column to column of the file (or of the query's result).
    wide : tuple of str
        Usage only: columns that hold one metric (or one month) each.
    price, quantity : str or None
        Orders only: what the amount is computed from.
    label : ColumnLook or None
        Flat tables only.
    """

    table: str
    look: FileLook
    columns: dict[str, str]
    wide: tuple[str, ...] = ()
    price: str | None = None
    quantity: str | None = None
    label: ColumnLook | None = None
    score: float = field(default=0.0, compare=False)

    @property
    def has_month_columns(self) -> bool:
        """Whether the wide columns are months of one metric."""
        return bool(self.wide) and "used_at" not in self.columns


def guess_tables(looks: Sequence[FileLook]) -> tuple[dict[str, Guess], list[FileLook]]:
    """The best file for each raw table, and the files that fit none."""
    guesses = [guess for look in looks for guess in _guesses(look)]
    chosen: dict[str, Guess] = {}
    used: list[FileLook] = []
    for guess in sorted(guesses, key=lambda guess: -guess.score):
        if guess.table not in chosen and not any(guess.look is look for look in used):
            chosen[guess.table] = guess
            used.append(guess.look)
    dated = [table for table in chosen if table not in {"accounts", "account_snapshots"}]
    if "account_snapshots" in chosen and dated and "as_of_date" not in chosen["account_snapshots"].columns and "accounts" not in chosen:
        # Beside dated events, one row per account without a date is who the accounts are.
        guess = chosen.pop("account_snapshots")
        chosen["accounts"] = Guess("accounts", guess.look, _match("accounts", guess.look))
    spare = [look for look in looks if not any(look is other for other in used)]
    return {table: chosen[table] for table in RAW_TABLES if table in chosen}, spare


def _guesses(look: FileLook) -> list[Guess]:
    found: list[Guess] = []
    for table in RAW_TABLES:
        guess = _guess_snapshot(look) if table == "account_snapshots" else _guess_table(look, table)
        if guess is not None:
            found.append(guess)
    return found


def _guess_table(look: FileLook, table: str) -> Guess | None:
    columns = _match(table, look)
    wide: tuple[str, ...] = ()
    price = quantity = None
    required = set(RAW_TABLES[table].required)
    if table == "accounts" and "account_id" in columns and look.column(columns["account_id"]).n_distinct < 0.95 * look.n_looked_at:
        return None
    if table == "usage" and "account_id" in columns and not {"metric", "value"} <= set(columns):
        columns.pop("metric", None)
        columns.pop("value", None)
        taken = set(columns.values())
        numbers = [column.name for column in look.columns if column.kind == "number" and column.name not in taken]
        months = tuple(name for name in numbers if MONTH_COLUMN.match(plain(name)))
        if len(months) >= 3:
            wide = months
            columns.pop("used_at", None)
            required = {"account_id"}
        elif "used_at" in columns:
            wide = tuple(name for name in numbers if not alike(name).endswith("_id"))
            required = {"account_id", "used_at"}
        if not wide:
            return None
    if table == "orders" and "amount" not in columns:
        price = next((column.name for column in look.columns if plain(column.name) in PRICE and column.kind == "number"), None)
        quantity = columns.get("quantity")
        if price is not None:
            required -= {"amount"}
    if not required <= set(columns):
        return None
    by_name = 5.0 if re.search(FILE_WORDS[table], plain(look.stem)) else 0.0
    score = by_name + len(columns) + (2.0 if wide and by_name else 0.0)
    # Wide tables fit nearly everything with an account and a date: only the name tells.
    if wide and not by_name and not (len(columns) == 1 and len(wide) >= 3):
        return None
    return Guess(table, look, columns, wide, price, quantity, score=score)


def _guess_snapshot(look: FileLook) -> Guess | None:
    columns = _match("account_snapshots", look)
    if "account_id" not in columns:
        return None
    label = next((column for column in look.columns if LABEL.search(plain(column.name)) and column.n_distinct == 2), None)
    is_unique = look.column(columns["account_id"]).n_distinct >= 0.95 * look.n_looked_at
    if not is_unique and "as_of_date" not in columns:
        return None
    by_name = 5.0 if re.search(FILE_WORDS["account_snapshots"], plain(look.stem)) else 0.0
    n_numbers = sum(column.kind in {"number", "boolean"} for column in look.columns)
    if label is None and not by_name and n_numbers < 5:
        return None
    return Guess("account_snapshots", look, columns, label=label, score=by_name + 3 + (6.0 if label else 0.0) + 0.2 * min(n_numbers, 20))


def _match(table: str, look: FileLook) -> dict[str, str]:
    # Of several columns that are compared alike, the one that is spelt so, else the first.
    by_name = {alike(column.name): column for column in reversed(look.columns)} | {plain(column.name): column for column in look.columns}
    by_name |= {name.replace("_", ""): column for name, column in by_name.items() if name.replace("_", "") not in by_name}
    types = {column.name: column.type for column in RAW_TABLES[table].columns}
    matched: dict[str, str] = {}
    for name, synonyms in COLUMNS[table].items():
        for synonym in synonyms:
            column = by_name.get(alike(synonym))
            if column is not None and synonym in _HOLDERS:
                column = next(iter(_ids_within(look, alike(f"{synonym}_id"))), column)
            if column is None or column.name in matched.values() or not _fits(column, types[name]):
                continue
            matched[name] = column.name
            break
    if table not in {"campaigns"} and "account_id" in types and "account_id" not in matched:
        column = next((found for word in _ACCOUNT_IDS for found in _ids_within(look, word) if found.name not in matched.values()), None)
        if column is not None:
            matched["account_id"] = column.name
    return matched


def _ids_within(look: FileLook, word: str) -> list[ColumnLook]:
    """Columns such as `bill_to_customer_id` or `Customer ID (old)`."""
    return [column for column in look.columns if re.search(rf"(^|_){word}($|_)", alike(column.name))]


def _fits(column: ColumnLook, type_: str) -> bool:
    if column.kind == "empty" or type_ == "text":
        return True
    if type_ == "timestamp":
        # 20240131 is a date and a number.
        return column.kind == "date" or column.is_datelike
    return column.kind in ({"boolean"} if type_ == "boolean" else {"number", "boolean"})
