"""Usage lags against a count by hand: gaps, several readings a month, rows that come from a day to over a year late."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from project import CompiledProject

pytestmark = pytest.mark.slow

AGGREGATES = {"users": sum, "load": lambda values: sum(values) / len(values), "peak": max}
ACCOUNTS = [f"a{number}" for number in range(12)]
BEGIN = datetime(2024, 1, 1)


def make_readings(seed: int) -> list[dict[str, Any]]:
    """Make readings of eighteen months; a sixth of the months lacks each metric and a third of the rows comes late."""
    draw = random.Random(seed)
    rows: list[dict[str, Any]] = []
    for account in ACCOUNTS[:-1]:  # the last one never used anything
        for month in range(18):
            for metric in AGGREGATES:
                if draw.random() < 1 / 6:
                    continue
                for _ in range(draw.randint(1, 2)):
                    used_at = datetime(2024 + month // 12, 1 + month % 12, 1) + timedelta(days=draw.randint(0, 27))
                    row = {"account_id": account, "used_at": used_at, "metric": metric, "value": draw.randint(0, 50)}
                    if draw.random() < 1 / 3:
                        row["recorded_at"] = used_at + timedelta(days=draw.choice([1, 20, 40, 70, 100, 150, 300, 420]))
                    rows.append(row)
    # One row per key: which of two the staging keeps is another test's matter.
    return list({(row["account_id"], row["used_at"], row["metric"]): row for row in rows}.values())


def month_of(moment: date) -> int:
    return moment.year * 12 + moment.month


def lag_by_hand(rows: list[dict[str, Any]], account: str, metric: str, as_of_date: date, lag: int) -> float | None:
    values = [
        row["value"]
        for row in rows
        if row["account_id"] == account
        and row["metric"] == metric
        and month_of(row["used_at"]) == month_of(as_of_date) - lag
        and max(row["used_at"], row.get("recorded_at", row["used_at"])).date() < as_of_date
    ]
    return AGGREGATES[metric](values) if values else None


@pytest.mark.parametrize("seed", [1, 2])
def test_every_lag_holds_what_was_known_of_its_month_at_the_snapshot(compiled: CompiledProject, seed: int) -> None:
    rows = make_readings(seed)
    accounts = [{"account_id": name, "signed_up_at": BEGIN} for name in ACCOUNTS]
    names = [f"{metric}__{lag}" for metric in AGGREGATES for lag in range(1, 13)]
    # Orders keep the account without usage on the spine.
    orders = [{"account_id": ACCOUNTS[-1], "ordered_at": datetime(2025, 1, 5), "amount": 1}]
    with compiled.build({"accounts": accounts, "usage": rows, "orders": orders}, "intermediate") as connection:
        spine = connection.execute("select account_id, as_of_date from intermediate.int_accounts__spine").fetchall()
        listed = ", ".join(f'"{name}"' for name in names)
        found = connection.execute(f"select account_id, as_of_date, {listed} from intermediate.int_usage__lags").fetchall()
    assert sorted(row[:2] for row in found) == sorted(spine)
    assert len(spine) > 150
    assert any(row[0] == ACCOUNTS[-1] for row in spine)
    for account, as_of_date, *values in found:
        expected = {
            f"{metric}__{lag}": lag_by_hand(rows, account, metric, as_of_date, lag) for metric in AGGREGATES for lag in range(1, 13)
        }
        assert dict(zip(names, values, strict=True)) == pytest.approx(expected, nan_ok=False), (account, as_of_date)
