"""The CDNOW sample, read in place, and customers simulated from known parameters."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clv_platform.models.value import PurchaseSummary
from clv_platform.settings import load_settings

AS_OF = pd.Timestamp("1997-10-01")


@pytest.fixture(scope="session")
def cdnow_days() -> pd.DataFrame:
    """Purchase days of the CDNOW sample: id, date, dollars."""
    path = Path(load_settings().sample_data) / "cdnow" / "CDNOW_sample.txt.gz"
    rows = pd.read_csv(path, sep=r"\s+", header=None, names=["master_id", "id", "date", "cds", "dollars"])
    rows["date"] = pd.to_datetime(rows["date"].astype(str))
    return rows.groupby(["id", "date"])[["dollars"]].sum().reset_index()


@pytest.fixture(scope="session")
def cdnow_summary(cdnow_days) -> PurchaseSummary:
    """Calibration until 1997-09-30, in weeks."""
    before = cdnow_days[cdnow_days["date"] < AS_OF].groupby("id")["date"].agg(["min", "max", "size"])
    watched = (AS_OF - pd.Timedelta(days=1) - before["min"]).dt.days / 7
    return PurchaseSummary.of(before["size"] - 1, (before["max"] - before["min"]).dt.days / 7, watched)


def simulate_customers(rng: np.random.Generator, n: int, draw_rate, draw_lifetime) -> PurchaseSummary:
    """Customers that buy at their own rate until they leave: `draw_lifetime(n)` in time, or None with a chance per purchase."""
    rate, watched = draw_rate(n), rng.uniform(20, 52, n)
    lifetime, chance = draw_lifetime(n)
    frequency, recency = np.zeros(n), np.zeros(n)
    for customer in range(n):
        now = 0.0
        while True:
            now += rng.exponential(1 / rate[customer])
            if now > min(watched[customer], lifetime[customer]):
                break
            frequency[customer] += 1
            recency[customer] = now
            if rng.random() < chance[customer]:
                break
    return PurchaseSummary.of(frequency, recency, watched)
