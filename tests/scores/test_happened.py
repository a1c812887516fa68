"""Whom a list must not name any more: what was known by the cutoff, and nothing later."""

from __future__ import annotations

from datetime import date

import pandas as pd

from clv_platform.scores.happened import mark_happened, still_open

SCORES = pd.DataFrame({"account_id": ["a", "b", "c"], "as_of_date": pd.Timestamp("2025-03-01"), "score": [0.3, 0.2, 0.1]}, index=[7, 3, 5])


def events(*rows: tuple[str, str, str, str | None]) -> pd.DataFrame:
    """target, account, happened, undone; all of one snapshot."""
    frame = pd.DataFrame(rows, columns=["target", "account_id", "happened_at", "undone_at"])
    return frame.assign(
        as_of_date=date(2025, 3, 1),
        happened_at=pd.to_datetime(frame["happened_at"], format="mixed"),
        undone_at=pd.to_datetime(frame["undone_at"]),
    )


def marked(cutoff: date | None, *rows: tuple[str, str, str, str | None]) -> list[str]:
    found = mark_happened(SCORES, events(*rows), ["churn"], cutoff)
    assert found["account_id"].tolist() == ["a", "b", "c"]
    assert still_open(found)["account_id"].tolist() == found.loc[found["happened_on"].isna(), "account_id"].tolist()
    return found.loc[found["happened_on"].notna(), "account_id"].tolist()


def test_an_event_on_the_cutoff_is_not_known_and_one_before_it_is() -> None:
    both = ("churn", "a", "2025-03-20", None), ("churn", "b", "2025-03-19 23:59", None)
    assert marked(date(2025, 3, 20), *both) == ["b"]
    assert marked(date(2025, 3, 21), *both) == ["a", "b"]


def test_who_came_back_before_the_cutoff_stays_on_the_list() -> None:
    left = ("churn", "a", "2025-03-05", "2025-03-10")
    assert marked(date(2025, 3, 10), left) == ["a"]
    assert marked(date(2025, 3, 11), left) == []
    assert marked(date(2025, 3, 20), left, ("churn", "a", "2025-03-15", None)) == ["a"]


def test_events_of_other_targets_and_snapshots_leave_nobody_out() -> None:
    assert marked(date(2025, 4, 1), ("upgrade", "a", "2025-03-05", None)) == []
    older = events(("churn", "a", "2025-03-05", None)).assign(as_of_date=date(2025, 2, 1))
    assert mark_happened(SCORES, older, ["churn"], date(2025, 4, 1))["happened_on"].isna().all()


def test_data_without_dates_leave_nobody_out() -> None:
    assert marked(None, ("churn", "a", "2025-03-05", None)) == []


def test_a_list_of_an_older_run_without_the_column_is_whole() -> None:
    assert len(still_open(SCORES)) == 3
