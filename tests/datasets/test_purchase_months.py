"""Months before a date: 30 days each, ending the day before it, of what was known then."""

import numpy as np
import pandas as pd

from clv_platform.datasets import PurchaseMonths

AS_OF = "2025-03-01"


def months(rows: list[tuple[str, str, float]], known: str | None = None, is_purchase: bool = True) -> PurchaseMonths:
    days = pd.DataFrame(rows, columns=["account_id", "ordered_on", "amount"])
    days["ordered_on"] = pd.to_datetime(days["ordered_on"])
    days["known_on"] = days["ordered_on"] if known is None else pd.Timestamp(known)
    return PurchaseMonths.of(days.assign(is_purchase=is_purchase))


def before(found: PurchaseMonths, *accounts: str, as_of: str = AS_OF) -> np.ndarray:
    ids = np.array(accounts, dtype=object)
    return found.before(ids, np.full(len(ids), as_of, dtype="datetime64[D]"))


def test_the_last_month_ends_the_day_before_and_a_row_on_the_date_is_excluded() -> None:
    rows = [("a", "2025-02-28", 5.0), ("a", "2025-01-30", 7.0), ("a", "2025-01-29", 1.0), ("a", AS_OF, 100.0), ("b", "2025-02-20", 2.0)]
    found = before(months(rows), "b", "a", "never")
    assert found.shape == (3, 12, 3)
    assert found[1, -2:, 0].tolist() == [1.0, 12.0]
    assert found[1, -2:, 1].tolist() == [1.0, 2.0]
    assert found[1, :, 2].tolist() == [0.0] * 10 + [1.0, 1.0]
    assert found[0, :, 0].sum() == 2.0
    assert not found[2].any()


def test_what_became_known_on_the_date_or_later_and_days_of_refunds_alone_are_left_out() -> None:
    assert not before(months([("a", "2025-02-01", 5.0)], known=AS_OF), "a").any()
    assert before(months([("a", "2025-02-01", 5.0)], known="2025-02-28"), "a")[0, :, 0].sum() == 5.0
    assert not before(months([("a", "2025-02-01", -5.0)], is_purchase=False), "a").any()


def test_purchases_older_than_a_year_say_only_that_the_account_had_begun() -> None:
    found = before(months([("a", "2023-05-01", 5.0)]), "a")
    assert found[0, :, 0].sum() == 0
    assert found[0, :, 2].tolist() == [1.0] * 12
