"""Corrected labels: in the training rows of models that may know them, nowhere else; counted; the same each time."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import CompanyConfig
from clv_platform.datasets import Examples, TimeSplit, correct_training, split_by_time

CUTOFF = date(2025, 6, 15)
TRAIN, TEST = "2025-01-01", "2025-05-01"
COLUMNS = [
    *("feedback_id", "target", "account_id", "as_of_date", "proposed_label"),
    *("corrected_label", "recorded_label", "taken_up_at", "status"),
]


@pytest.fixture(scope="module")
def split() -> TimeSplit:
    """Three accounts at five dates, all labels 0, horizon 30 days, one test date."""
    dates = pd.date_range("2025-01-01", "2025-06-01", freq="MS").to_numpy().astype("datetime64[D]")
    as_of = np.repeat(dates, 3)
    accounts = np.array(["a", "b", "c"] * len(dates), dtype=object)
    examples = Examples(pd.DataFrame({"x": np.arange(float(as_of.size))}), np.zeros(as_of.size), accounts, as_of, (), "y_upgrade_30d")
    return split_by_time(examples, CUTOFF, 30, 1)


def proposals(*rows: tuple[str, str, int, str, str]) -> pd.DataFrame:
    """account, date, corrected label, taken up on, status -> the mart."""
    return pd.DataFrame(
        [
            {"feedback_id": f"f{place}", "target": "upgrade", "account_id": account, "as_of_date": pd.Timestamp(day), "proposed_label": "x",
             "corrected_label": label, "recorded_label": 0, "taken_up_at": pd.Timestamp(taken_up) if taken_up else pd.NaT, "status": status}
            for place, (account, day, label, taken_up, status) in enumerate(rows)
        ],
        columns=COLUMNS,
    )  # fmt: skip


def labels(split: TimeSplit, part: str = "train") -> dict[tuple[str, str], float]:
    rows: Examples = getattr(split, part)
    return {(a, str(d)): y for a, d, y in zip(rows.account_id, rows.as_of_date, rows.y, strict=True) if y}


def test_a_label_that_was_taken_up_before_the_cutoff_replaces_that_of_its_training_row_only(split: TimeSplit) -> None:
    found = correct_training(
        split,
        proposals(
            ("a", TRAIN, 1, "2025-06-14 23:59", "counts"),
            ("b", TRAIN, 1, "2025-06-15 00:00", "counts"),  # on the cutoff: a later model's
            ("c", TEST, 1, "2025-06-01", "counts"),
            ("c", TRAIN, 1, "", "not_taken_up"),
            ("nobody", TRAIN, 1, "2025-06-01", "unknown_account"),
            ("b", "2025-06-01", 1, "2025-06-10", "counts"),
            ("c", TRAIN, 0, "2025-06-01", "counts"),
        ),
        "upgrade",
        is_used=True,
    )
    assert labels(found) == {("a", TRAIN): 1.0}
    assert labels(found, "test") == {}
    assert labels(split) == {}
    assert found.corrections is not None
    counts = {"n_elsewhere": 1, "n_later": 1, "n_not_taken_up": 1, "n_same": 1, "n_test": 1, "n_training": 1, "n_unknown_account": 1}
    assert found.corrections.to_json() == {"is_used": True, "n": 7, **counts}


def test_of_two_corrections_of_a_row_the_later_that_is_known_wins(split: TimeSplit) -> None:
    first, back = ("a", TRAIN, 1, "2025-05-01", "counts"), ("a", TRAIN, 0, "2025-05-02", "counts")
    assert labels(correct_training(split, proposals(first, back), "upgrade", is_used=True)) == {}
    too_late = ("a", TRAIN, 0, "2025-06-16", "counts")
    assert labels(correct_training(split, proposals(first, too_late), "upgrade", is_used=True)) == {("a", TRAIN): 1.0}


def test_what_the_config_does_not_allow_is_counted_and_changes_nothing(split: TimeSplit) -> None:
    table = proposals(("a", TRAIN, 1, "2025-05-01", "counts"))
    found = correct_training(split, table, "upgrade", is_used=False)
    assert labels(found) == {}
    assert found.corrections is not None
    assert (found.corrections.count("training"), found.corrections.sign("hash")) == (1, "hash")


def test_the_name_of_the_model_follows_the_corrected_rows_and_not_their_order(split: TimeSplit) -> None:
    one, two = ("a", TRAIN, 1, "2025-05-01", "counts"), ("b", TRAIN, 1, "2025-05-02", "counts")
    splits = [correct_training(split, proposals(*rows), "upgrade", is_used=True) for rows in ((one, two), (two, one), (one,), ())]
    signed = [found.corrections.sign("hash") for found in splits if found.corrections is not None]
    assert signed[0] == signed[1] != signed[2] != signed[3] == "hash"


@pytest.mark.parametrize("table", [None, proposals(), proposals(("a", TRAIN, 1, "2025-05-01", "counts")).assign(target="churn")])
def test_without_proposals_for_the_target_nothing_changes(split: TimeSplit, table: pd.DataFrame | None) -> None:
    found = correct_training(split, table, "upgrade", is_used=True)
    assert labels(found) == {}
    assert found.corrections is not None
    assert found.corrections.to_json() == {"is_used": True, "n": 0}


def test_undated_companies_are_told_to_correct_their_table() -> None:
    basis = {"name": "c", "title": "c", "sources": {"accounts": {"files": "a.csv"}}, "review": {"use_corrected_labels": True}}
    assert CompanyConfig.model_validate(basis).review.use_corrected_labels
    with pytest.raises(ValueError, match="correct the label column of the flat table"):
        CompanyConfig.model_validate({**basis, "snapshots": {"is_undated": True}})
