"""Peers of the value models and of the purchase summary, each run in an environment of its own: no import of the project here.

    <python of the peer> benchmarks/value_peers.py NAME FOLDER

prints one line of JSON: processor seconds, peak memory and what came out. Add: a peer, with the same input as the others. Keep out: the
project's own code.
"""

# pyright: reportMissingImports=false
# Peers are only in environments of their own.
from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    print(json.dumps(PEERS[name](folder) | {"peak_memory_mb": peak_memory_mb()}))


def peak_memory_mb() -> int:
    """Peak memory of this process so far."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux counts into `ru_maxrss` what the parent had when it started this process
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return round(int(line.split()[1]) / 2**10)
    unit = 1 if sys.platform == "darwin" else 1024  # Linux counts kilobytes, macOS bytes
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20)


def processor_seconds() -> float:
    """Seconds of processors used by this process and by those it started and waited for."""
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def measure(work: Any) -> tuple[dict[str, Any], Any]:
    """Processor and clock seconds of a call, and what it returned."""
    began, clock = processor_seconds(), time.perf_counter()
    result = work()
    return {"processor_seconds": round(processor_seconds() - began, 3), "seconds": round(time.perf_counter() - clock, 3)}, result


def fit_with_lifetimes(folder: Path) -> dict[str, Any]:
    """BG/NBD by `lifetimes` as its documentation shows: one row per customer."""
    import lifetimes
    import pandas as pd

    rows = pd.read_parquet(folder / "customers.parquet")
    fitter = lifetimes.BetaGeoFitter()
    figures, _ = measure(lambda: fitter.fit(rows["frequency"], rows["recency"], rows["T"]))
    return figures | {"version": lifetimes.__version__, "parameters": [float(fitter.params_[name]) for name in ("r", "alpha", "a", "b")]}


def fit_distinct_with_lifetimes(folder: Path) -> dict[str, Any]:
    """The same, its input reduced by hand to distinct rows with weights, which its documentation leaves to the user."""
    import lifetimes
    import pandas as pd

    rows = pd.read_parquet(folder / "customers.parquet")
    fitter = lifetimes.BetaGeoFitter()

    def fit() -> None:
        some = rows.groupby(["frequency", "recency", "T"]).size().reset_index(name="weight")
        fitter.fit(some["frequency"], some["recency"], some["T"], weights=some["weight"])

    figures, _ = measure(fit)
    return figures | {"version": lifetimes.__version__, "parameters": [float(fitter.params_[name]) for name in ("r", "alpha", "a", "b")]}


def fit_with_pymc_marketing(folder: Path) -> dict[str, Any]:
    """BG/NBD by pymc-marketing's maximum a posteriori; what it compiles is compiled before, on a few customers."""
    import pandas as pd
    import pymc_marketing
    from pymc_marketing.clv import BetaGeoModel

    rows = pd.read_parquet(folder / "customers.parquet")[["frequency", "recency", "T"]]
    rows.insert(0, "customer_id", range(len(rows)))

    def fit(data: Any) -> Any:
        model = BetaGeoModel(data=data)
        model.fit(method="map", progressbar=False)
        return model

    fit(rows.iloc[:2000])
    figures, model = measure(lambda: fit(rows))
    posterior = model.idata.posterior
    parameters = [float(posterior[name].mean()) for name in ("r", "alpha", "a", "b")]
    return figures | {"version": pymc_marketing.__version__, "parameters": parameters}


def summarise_with_lifetimes(folder: Path) -> dict[str, Any]:
    """Its summary of the log, already in memory: reading the file isn't counted."""
    import lifetimes
    import pandas as pd
    from lifetimes.utils import summary_data_from_transaction_data

    about = json.loads((folder / "log.json").read_text())
    log = pd.read_parquet(folder / "log.parquet")
    last_day = pd.Timestamp(about["as_of"]) - pd.Timedelta(days=1)
    figures, summary = measure(
        lambda: summary_data_from_transaction_data(log, "account_id", "ordered_at", "amount", observation_period_end=last_day)
    )
    sums = {name: float(summary[name].sum()) for name in ("frequency", "recency", "T")}
    return figures | {"version": lifetimes.__version__, "n": len(summary), "sums": sums}


def summarise_with_polars(folder: Path) -> dict[str, Any]:
    """A lazy query from the file, reading included, because it reads only what it needs."""
    import datetime

    import polars as pl

    about = json.loads((folder / "log.json").read_text())
    as_of = datetime.date.fromisoformat(about["as_of"])
    day, amount = pl.col("ordered_on"), pl.col("amount")

    def summarise() -> pl.DataFrame:
        days = (
            pl.scan_parquet(folder / "log.parquet")
            .filter(pl.col("ordered_at") < pl.lit(as_of).cast(pl.Datetime("us")))
            .group_by("account_id", pl.col("ordered_at").dt.date().alias("ordered_on"))
            .agg(amount.sum(), (amount >= 0).any().alias("is_purchase"))
        )
        bought = pl.col("is_purchase")
        valued = bought & (amount > 0)
        totals = days.group_by("account_id").agg(
            bought.sum().alias("n_purchases"),
            day.filter(bought).min().alias("first_purchase_on"),
            day.filter(bought).max().alias("last_purchase_on"),
            valued.sum().alias("n_valued"),
            amount.filter(valued).mean().alias("mean_value"),
            amount.sum().alias("total_spend"),
        )
        return totals.with_columns(
            (pl.col("n_purchases").cast(pl.Int64) - 1).clip(0).alias("frequency"),
            (pl.col("last_purchase_on") - pl.col("first_purchase_on")).dt.total_days().alias("recency_days"),
            (pl.lit(as_of - datetime.timedelta(days=1)) - pl.col("first_purchase_on")).dt.total_days().alias("t_days"),
        ).collect(engine="streaming")

    figures, summary = measure(summarise)
    names = {"frequency": "frequency", "recency": "recency_days", "T": "t_days", "mean_value": "mean_value", "total_spend": "total_spend"}
    sums = {name: float(summary[column].sum()) for name, column in names.items()}
    return figures | {"version": pl.__version__, "n": summary.height, "sums": sums}


PEERS = {
    "fit_lifetimes": fit_with_lifetimes,
    "fit_lifetimes_distinct": fit_distinct_with_lifetimes,
    "fit_pymc_marketing": fit_with_pymc_marketing,
    "summary_lifetimes": summarise_with_lifetimes,
    "summary_polars": summarise_with_polars,
}

if __name__ == "__main__":
    main()
