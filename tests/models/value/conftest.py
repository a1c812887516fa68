"""The CDNOW sample, read in place, customers simulated from known parameters, and a small shop to train value models on."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import CompanyConfig, Source, Target, Training
from clv_platform.config.schema import Algorithm
from clv_platform.contracts.feature import Feature
from clv_platform.datasets import SUMMARY_COLUMNS, ValueExamples, ValueSplit, split_value_by_time
from clv_platform.models.value import PurchaseSummary, TrainedValueModel, train_value_model
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


DATES = ("2024-03-01", "2024-04-01", "2024-06-01", "2024-09-01")
HORIZON = 60


def simulate_days(n: int = 300, seed: int = 0, until: str = "2024-11-01", scale: float = 1.0) -> pd.DataFrame:
    """Days with purchases of customers that buy at their own rate and leave for good: id, date, dollars."""
    rng = np.random.default_rng(seed)
    start, end = np.datetime64("2024-01-01"), np.datetime64(until)
    rows: list[tuple[str, np.datetime64, float]] = []
    for customer in range(n):
        rate, value, left = rng.gamma(1.2, 1 / 25), rng.gamma(6, 8), rng.exponential(200)
        day = 60 * rng.random()
        first = day
        while day < (end - start).astype(int) and day - first <= left:
            rows.append((f"c{customer:05d}", start + np.timedelta64(int(day), "D"), scale * value * rng.gamma(5, 0.2)))
            day += max(1.0, rng.exponential(1 / max(rate, 1e-4)))
    return pd.DataFrame(rows, columns=["id", "date", "dollars"]).groupby(["id", "date"])[["dollars"]].sum().reset_index()


def value_frames(
    days: pd.DataFrame, dates: Sequence[str], windows: Sequence[int], until: str, others: Sequence[str] = ()
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The marts of a value target as dbt makes them; `others` are accounts that never bought before any date."""
    examples, summaries = [], []
    accounts = pd.Index([*days["id"].unique(), *others], name="account_id")
    for text in dates:
        date = pd.Timestamp(text)
        before = days[days["date"] < date]
        grouped = before.groupby("id")
        known = accounts if len(others) else accounts[accounts.isin(before["id"])]
        first, last, size = (grouped["date"].min(), grouped["date"].max(), grouped.size())
        valued = before[before["dollars"] > 0].groupby("id")["dollars"]
        table = pd.DataFrame(index=known)
        table["frequency"] = (size - 1).reindex(known).fillna(0)
        table["recency_days"] = (last - first).dt.days.reindex(known).fillna(0)
        table["T_days"] = ((date - pd.Timedelta(days=1)) - first).dt.days.reindex(known)
        table["n_purchases"] = size.reindex(known).fillna(0)
        table["n_valued"] = valued.size().reindex(known).fillna(0)
        table["mean_value"] = valued.mean().reindex(known)
        table["total_spend"] = grouped["dollars"].sum().reindex(known).fillna(0)
        rows = pd.DataFrame(index=known)
        rows["revenue_90d"] = before[before["date"] >= date - pd.Timedelta(days=90)].groupby("id")["dollars"].sum().reindex(known).fillna(0)
        rows["days_since_last_order"] = (date - last).dt.days.reindex(known)
        for window in windows:
            end = date + pd.Timedelta(days=window)
            after = days[(days["date"] >= date) & (days["date"] < end)].groupby("id")["dollars"]
            is_over = end <= pd.Timestamp(until)
            rows[f"y_value_{window}d"] = after.sum().reindex(known).fillna(0) if is_over else np.nan
            rows[f"n_value_{window}d"] = after.size().reindex(known).fillna(0) if is_over else np.nan
        rows["is_eligible"] = True
        examples.append(rows.reset_index().assign(as_of_date=date))
        summaries.append(table.reset_index().assign(as_of_date=date))
    return pd.concat(examples, ignore_index=True), pd.concat(summaries, ignore_index=True)


def value_examples(frames: tuple[pd.DataFrame, pd.DataFrame], windows: Sequence[int], horizon: int) -> ValueExamples:
    """Arrays of the same, with the two features."""
    frame = frames[0].merge(frames[1], on=["account_id", "as_of_date"]).sort_values(["as_of_date", "account_id"]).reset_index(drop=True)
    names = ("revenue_90d", "days_since_last_order")
    features = tuple(Feature(name, "number", "feat_accounts__rfm", "rfm", name, "", "", "", "orders") for name in names)
    table = frame[list(SUMMARY_COLUMNS)].astype(float)
    table["mean_value"] = table["mean_value"].fillna(0.0)
    return ValueExamples(
        frame[list(names)].astype(float),
        table,
        {w: frame[f"y_value_{w}d"].to_numpy(float) for w in windows},
        {w: frame[f"n_value_{w}d"].to_numpy(float) for w in windows},
        frame["account_id"].to_numpy(object),
        frame["as_of_date"].to_numpy().astype("datetime64[D]"),
        features,
        horizon,
    )


def value_split(days: pd.DataFrame, until: str = "2024-11-01", others: Sequence[str] = (), dates: Sequence[str] = DATES) -> ValueSplit:
    """A split with two origins before 2024-09-01."""
    windows = (30, HORIZON)
    frames = value_frames(days, dates, windows, until, others)
    return split_value_by_time(value_examples(frames, windows, HORIZON), date.fromisoformat(until))


def value_config(comparators: tuple[Algorithm, ...] = ()) -> CompanyConfig:
    """A company with one value target and no other algorithms."""
    source = Source(files=("orders.csv",))
    target = Target(name="value", kind="value", horizon_days=HORIZON, learning_windows=(30,))
    training = Training(comparators=comparators)
    return CompanyConfig(name="shop", title="A shop", sources={"orders": source}, targets=(target,), training=training)


def train(split: ValueSplit, threads: int = 1, config: CompanyConfig | None = None) -> TrainedValueModel:
    config = config or value_config()
    return train_value_model(
        split, config, config.targets[0], cutoff=split.cutoff, config_hash="config", data_hash="data", threads=threads
    )  # fmt: skip


@pytest.fixture(scope="session")
def shop_days() -> pd.DataFrame:
    return simulate_days()


@pytest.fixture(scope="session")
def shop_split(shop_days: pd.DataFrame) -> ValueSplit:
    """With 40 accounts that never buy."""
    return value_split(shop_days, others=[f"n{k:03d}" for k in range(40)])


@pytest.fixture(scope="session")
def shop_model(shop_split: ValueSplit) -> TrainedValueModel:
    return train(shop_split)
