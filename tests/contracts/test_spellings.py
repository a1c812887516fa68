"""Spellings of one value of a category, in Python and in the SQL of staging."""

from __future__ import annotations

from clv_platform.config import CompanyConfig
from clv_platform.contracts.spellings import category_columns, fold


def test_case_and_blanks_make_no_other_name():
    assert fold(" T  1\t") == fold("t 1") != fold("T1")


def test_ids_and_numbers_are_no_categories():
    config = CompanyConfig.model_validate(
        {
            "name": "c",
            "title": "c",
            "currency": "EUR",
            "sources": {"accounts": {"files": "a.csv", "columns": {"account_id": "id"}}},
            "account_columns": {"tier": {"type": "category"}, "n_seats": {"type": "number"}},
            "snapshot_columns": {"state": {"type": "category"}},
        }
    )
    columns = category_columns(config)
    assert ("accounts", "territory") in columns
    assert ("accounts", "tier") in columns
    assert not {"account_id", "n_seats", "state"} & {name for _, name in columns}
