"""Value models at 1,000,000 customers and purchase summaries of a 10-million-row log, beside peers, in the same run.

Parts: `fit`, BG/NBD beside `lifetimes` and pymc-marketing's maximum a posteriori; `score`, BG/NBD and Gamma-Gamma fitted, and expected
purchases, P(alive) and spend of everyone; `summary`, frequency, recency, T and amounts per account from order lines, by the dbt models'
own SELECTs in DuckDB, beside `lifetimes` and polars. One thread each, seconds of the processor, each contender in a process of its own
(peak memory is that process's, input included), medians of interleaved repeats; results are compared. Peers are installed into
environments of their own under --folder, never into the project's.

    python benchmarks/value.py --folder /some/folder --json figures.json

Add: a contender, with the same input as the others. Keep out: of the tests; it takes minutes, and some gigabytes of memory and disk.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from value_peers import PEERS, measure, peak_memory_mb
from value_summary import build_day_fact, prepare_warehouse, summarise_by_hand, summarise_from_days, summarise_from_log, write_log

PARAMETERS = {"r": 0.243, "alpha": 4.414 * 7, "a": 0.793, "b": 2.426}  # of CDNOW, in days
SPENDING = {"p": 6.25, "q": 3.74, "gamma": 15.44}
DAYS = 365
# lifetimes is no longer maintained: it needs what pandas and scipy were when it was.
ENVIRONMENTS = {
    "lifetimes": ("lifetimes==0.11.3", "pandas<2", "numpy<2", "scipy<1.12", "pyarrow<18"),
    "pymc_marketing": ("pymc-marketing", "pyarrow"),
    "polars": ("polars",),
}
PARTS = {
    "fit": ("fit_platform", "fit_lifetimes", "fit_lifetimes_distinct", "fit_pymc_marketing"),
    "score": ("score_platform",),
    "summary": ("summary_platform", "summary_from_days", "summary_by_hand", "summary_polars", "summary_lifetimes"),
}
SLOW = ("fit_lifetimes", "fit_lifetimes_distinct", "fit_pymc_marketing", "summary_lifetimes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=tuple(PARTS), default=list(PARTS))
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--log-rows", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=5, help="runs of the fast contenders")
    parser.add_argument("--slow-repeats", type=int, default=1, help="runs of the slow peers, spread over the others'")
    parser.add_argument("--skip", nargs="*", default=[], help="contenders to leave out")
    parser.add_argument("--folder", type=Path, help="keep input and peers' environments here and use those that are there")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        print(json.dumps(OWN[options.contender](options.folder) | {"peak_memory_mb": peak_memory_mb()}))
        return
    with tempfile.TemporaryDirectory() as temporary:
        figures = compare(options, (options.folder or Path(temporary)).resolve())
    print(json.dumps(figures, indent=2))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    if figures["disagreements"]:
        raise SystemExit("results differ: " + "; ".join(figures["disagreements"]))


def compare(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Write the input, run the contenders in turn, compare their results, return the figures."""
    folder.mkdir(parents=True, exist_ok=True)
    if "summary" in options.parts:
        write_log(folder, options.log_rows)
        prepare_warehouse(folder)
    if {"fit", "score"} & set(options.parts):
        write_customers(folder, options.customers)
    names = [name for part in options.parts for name in PARTS[part] if name not in options.skip]
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for turn in range(max(options.repeats, options.slow_repeats)):
        for name in names:
            if turn < (options.slow_repeats if name in SLOW else options.repeats):
                runs[name].append(run_contender(name, folder))
                print(name, json.dumps(runs[name][-1]), file=sys.stderr, flush=True)
    figures: dict[str, Any] = {"customers": options.customers, "log_rows": options.log_rows, "load_average": os.getloadavg()}
    cpu = {name: statistics.median(run["processor_seconds"] for run in done) for name, done in runs.items() if "error" not in done[0]}
    figures["processor_seconds"] = cpu
    figures["all_processor_seconds"] = {name: [run["processor_seconds"] for run in runs[name]] for name in cpu}
    figures["peak_memory_mb"] = {name: max(run["peak_memory_mb"] for run in runs[name]) for name in cpu}
    figures["errors"] = {name: done[0]["error"] for name, done in runs.items() if "error" in done[0]}
    figures["versions"] = {name: runs[name][0]["version"] for name in cpu if "version" in runs[name][0]}
    for ours in ("fit_platform", "summary_platform"):
        theirs = [name for name in cpu if name.split("_")[0] == ours.split("_")[0] and name in PEERS]
        if ours in cpu:
            figures[f"{ours}_times_faster_than"] = {name: round(cpu[name] / cpu[ours], 2) for name in theirs}
    figures["results"] = {name: {key: runs[name][0][key] for key in ("parameters", "sums", "n") if key in runs[name][0]} for name in cpu}
    figures["disagreements"] = find_disagreements(figures["results"])
    return figures


def find_disagreements(results: dict[str, dict[str, Any]]) -> list[str]:
    """Contenders whose result isn't ours: parameters of fits to 2 % (pymc-marketing has priors), sums of summaries to nine digits."""
    found: list[str] = []
    for kind, ours in (("parameters", "fit_platform"), ("sums", "summary_platform")):
        for name, result in results.items():
            if kind not in result or ours not in results:
                continue
            own = results[ours]
            if kind == "parameters":
                same = np.allclose(result[kind], own[kind], rtol=0.02)
            else:
                # Sums in floating point leave a trace of money where decimals leave none, so that a mean counts one more day.
                alike = {
                    key: np.isclose(own[kind][key], value, rtol=1e-9 if key != "mean_value" else 1e-5)
                    for key, value in result[kind].items()
                }
                same = result["n"] == own["n"] and all(alike.values())
            if not same:
                found.append(f"{name}: {result}, {ours}: {own}")
    return found


def run_contender(name: str, folder: Path) -> dict[str, Any]:
    """Run one contender in a new process, one thread."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS", "CLV_THREADS")
    environment = os.environ | dict.fromkeys(threads, "1")
    command: list[str | Path] = [sys.executable, __file__, "--contender", name, "--folder", folder]
    if name in PEERS:
        owner = next(key for key in ENVIRONMENTS if key in name)
        python = folder / f"env_{owner}" / "bin" / "python"
        if not python.exists():
            venv.create(folder / f"env_{owner}", with_pip=True)
            done = subprocess.run([python, "-m", "pip", "install", "-q", *ENVIRONMENTS[owner]], capture_output=True, text=True, check=False)
            if done.returncode:
                return {"error": f"could not be installed: {done.stderr.strip()[-500:]}"}
        command = [python, Path(__file__).with_name("value_peers.py"), name, folder]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        if name in PEERS:
            return {"error": done.stderr.strip()[-500:]}
        raise SystemExit(f"{name} failed:\n{done.stdout}\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def write_customers(folder: Path, n: int) -> None:
    """Simulate customers acquired over a year and watched to its end, whole days, with CDNOW's parameters: one row per customer."""
    import pandas as pd

    if (folder / "customers.parquet").exists():
        return
    random = np.random.default_rng(7)
    watched = random.integers(1, DAYS + 1, n).astype(np.float64)
    rate = random.gamma(PARAMETERS["r"], 1 / PARAMETERS["alpha"], n)
    chance = random.beta(PARAMETERS["a"], PARAMETERS["b"], n)
    frequency, recency, now = np.zeros(n), np.zeros(n), np.zeros(n)
    here = np.arange(n)
    while here.size:
        now[here] += random.exponential(1.0, here.size) / rate[here]
        here = here[np.ceil(now[here]) <= watched[here]]
        day = np.ceil(now[here])
        frequency[here] += day > recency[here]
        recency[here] = day
        here = here[random.random(here.size) > chance[here]]
    orders = frequency + 1
    mean = random.gamma(SPENDING["p"] * orders) / random.gamma(SPENDING["q"], 1 / SPENDING["gamma"], n) / orders
    table = {"frequency": frequency, "recency": recency, "T": watched, "n_orders": orders, "mean_value": np.maximum(mean.round(2), 0.01)}
    pd.DataFrame(table).to_parquet(folder / "customers.parquet")


def fit_platform(folder: Path) -> dict[str, Any]:
    import pandas as pd
    import scipy.optimize  # noqa: F401 (peers import all they need before the clock starts)

    from clv_platform.models.value import PurchaseSummary, fit_bg_nbd

    rows = pd.read_parquet(folder / "customers.parquet")
    columns = [rows[name].to_numpy() for name in ("frequency", "recency", "T")]
    figures, (model, report) = measure(lambda: fit_bg_nbd(PurchaseSummary.of(*columns)))
    if not report.is_usable:
        raise SystemExit(report.reason)
    return figures | {"parameters": model.parameters.tolist()}


def score_platform(folder: Path) -> dict[str, Any]:
    """Both fits, then expected purchases over half a year, P(alive) and expected spend of every customer."""
    import pandas as pd
    import scipy.optimize  # noqa: F401

    from clv_platform.models.value import PurchaseSummary, fit_bg_nbd, fit_gamma_gamma

    rows = pd.read_parquet(folder / "customers.parquet")
    frequency, recency, watched, orders, value = (rows[name].to_numpy() for name in rows.columns)

    def score() -> tuple[Any, Any]:
        summary = PurchaseSummary.of(frequency, recency, watched)
        model, report = fit_bg_nbd(summary)
        spending, spending_report = fit_gamma_gamma(orders, value)
        if not (report.is_usable and spending_report.is_usable):
            raise SystemExit(f"{report.reason} {spending_report.reason}")
        return model.expected_purchases(summary, 182.0) * spending.expected_spend(orders, value), model.p_alive(summary)

    figures, (spend, alive) = measure(score)
    return figures | {"n": len(spend), "mean_spend": float(spend.mean()), "mean_p_alive": float(alive.mean())}


OWN: dict[str, Callable[[Path], dict[str, Any]]] = {
    "fit_platform": fit_platform,
    "score_platform": score_platform,
    "summary_platform": summarise_from_log,
    "summary_from_days": summarise_from_days,
    "summary_by_hand": summarise_by_hand,
    "build_day_fact": build_day_fact,
}


if __name__ == "__main__":
    main()
