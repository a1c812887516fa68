"""Spellings of one value of a category: what differs in case and spaces alone is one group, spelt as most rows spell it.

Here: what counts as the same, and in which columns; staging has the rule in SQL (macros `folded`, `as_mostly_spelt`), `raw.spelling` counts
what it changes. Ids are never touched: case may tell two of them apart.
"""

from __future__ import annotations

import re

from clv_platform.config import CompanyConfig
from clv_platform.contracts.features import ACCOUNT_ATTRIBUTES


def fold(text: str) -> str:
    """What spellings of one name have in common: lower case, one space between words."""
    return re.sub(r"\s+", " ", text, flags=re.ASCII).strip(" ").lower()


def category_columns(config: CompanyConfig) -> tuple[tuple[str, str], ...]:
    """List the columns whose spellings staging unites, as raw table and column."""
    declared = {"accounts": config.account_columns, "account_snapshots": config.snapshot_columns}
    given = [("accounts", name) for name in ACCOUNT_ATTRIBUTES]
    given += [(table, name) for table, columns in declared.items() for name, column in columns.items() if column.type == "category"]
    return tuple((table, name) for table, name in given if table in config.sources)
