"""Loading and feature building: the platform beside bare DuckDB SQL by hand and beside pandas, on the demo company, in the same run.

Contenders: `platform`; `sql`, bare DuckDB SQL by hand; `pandas`, optimised by hand; `pandas_plain`, a filter, groupby and merge for each
snapshot, metric and window. Scope, the same for all: read accounts, usage, support cases and web sessions from Parquet, leave out bad rows
and repeated keys, and build the usage, support and web features for every account and first of month that knows it. The platform does
more in its time: it lists rejected rows, hashes the content, starts dbt. Each contender runs in a process of its own; results are compared
value by value. Seconds are of the clock; processor seconds say more when the machine is not idle.

Add: a contender, with the same scope. Keep out: of the tests; it takes minutes and some gigabytes of disk.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

GROUPS = ("usage", "support", "web")
MODELS = [f"+feat_accounts__{group}" for group in GROUPS]
UNTIL = "2026-01-01"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    # 135,000 simulated accounts give 17 million usage rows, as 100,000 with a full history would: many sign up late or leave.
    parser.add_argument("--accounts", type=int, default=135_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--repeats", type=int, default=3, help="runs of the two fast contenders; those with pandas run once")
    parser.add_argument("--skip", nargs="*", default=[], choices=[name for name in CONTENDERS if name != "platform"], help="leave out")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--folder", type=Path, help="keep files here and use those that are there")
    parser.add_argument("--contender", choices=tuple(CONTENDERS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        print(json.dumps(CONTENDERS[options.contender](options.folder, options.threads)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        figures = compare(options, options.folder or Path(temporary))
    print(json.dumps(figures, indent=2))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def compare(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Simulate, run the contenders in turn, compare their results, return the figures."""
    from clv_platform.raw.simulation import simulate_company

    files = folder / "files"
    if not files.exists():
        simulate_company(files, n_accounts=options.accounts, n_months=options.months, seed=7, threads=options.threads)
    prepare_platform(folder, options.threads)
    names = [name for name in CONTENDERS if name not in options.skip]
    order = [name for name in ("platform", "sql") if name in names] * options.repeats
    order += [name for name in names if name.startswith("pandas")]
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for name in order:
        runs[name].append(run_contender(name, folder, options.threads))
        print(name, runs[name][-1], file=sys.stderr, flush=True)
    seconds = {name: statistics.median(run["seconds"] for run in done) for name, done in runs.items()}
    return {
        "accounts": options.accounts,
        "months": options.months,
        "threads": options.threads,
        "usage_rows": count_rows(files / "usage.parquet"),
        "seconds": seconds,
        "all_seconds": {name: [run["seconds"] for run in done] for name, done in runs.items()},
        "processor_seconds": {name: statistics.median(run["processor_seconds"] for run in done) for name, done in runs.items()},
        "peak_memory_mb": {name: max(run["peak_memory_mb"] for run in done) for name, done in runs.items()},
        "platform_times_faster": {name: round(seconds[name] / seconds["platform"], 2) for name in names if name.startswith("pandas")},
        "platform_times_bare_sql": round(seconds["platform"] / seconds["sql"], 2) if "sql" in names else None,
        "load_average": os.getloadavg(),
        "columns_compared": {
            f"{group} {name}": compare_results(folder, group, name) for group in GROUPS for name in names if name != "platform"
        },
    }


def run_contender(name: str, folder: Path, threads: int) -> dict[str, Any]:
    """Run one contender in a new process; its peak memory is that of the process or of the largest process it started."""
    command = [sys.executable, __file__, "--contender", name, "--folder", str(folder), "--threads", str(threads)]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stdout}\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def processor_seconds() -> float:
    """Seconds of processors used by this process and by those it started and waited for."""
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def figures_since(began: tuple[float, float]) -> dict[str, Any]:
    seconds, processor = time.perf_counter() - began[0], processor_seconds() - began[1]
    # Linux counts kilobytes, macOS bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"seconds": round(seconds, 1), "processor_seconds": round(processor, 1), "peak_memory_mb": round(peak * unit / 2**20)}


def build_company(folder: Path) -> Any:
    """The demo's config with the four tables of the scope, and every account at every snapshot that knows it."""
    from clv_platform.config import CompanyConfig

    files = folder / "files"
    metrics = ("users", "technical_sessions", "support_sessions", "posts", "impressions_facebook", "impressions_instagram", "impressions_x")
    return CompanyConfig.model_validate(
        {
            "name": "platform",
            "title": "Benchmark",
            "observed_until": UNTIL,
            "sources": {
                "accounts": {"files": str(files / "accounts.parquet"), "columns": {"signed_up_at": "signed_up_at"}},
                "usage": {"files": str(files / "usage.parquet"), "key": ["account_id", "used_at", "metric"]},
                "support_cases": {"files": str(files / "support_cases.parquet")},
                "web_sessions": {"files": str(files / "web_sessions.parquet")},
            },
            "usage_metrics": {name: {"label": name, "unit": name} for name in metrics},
            "eligibility": {"min_tenure_days": 0, "min_active_months": 0},
        }
    )


def run_dbt(folder: Path, threads: int, command: list[str]) -> None:
    from datetime import date

    from clv_platform.contracts.dbt_vars import build_dbt_vars
    from clv_platform.settings import PROJECT_ROOT

    project, state = PROJECT_ROOT / "dbt_project", folder / "platform"
    environment = os.environ | {
        "CLV_WAREHOUSE": str(state / "warehouse.duckdb"),
        "CLV_STATE_DIR": str(state),
        "CLV_THREADS": str(threads),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    variables = json.dumps(build_dbt_vars(build_company(folder), date.fromisoformat(UNTIL)), sort_keys=True)
    places = ["--project-dir", project, "--profiles-dir", project, "--target-path", state / "target", "--log-path", state / "logs"]
    done = subprocess.run(
        [Path(sys.executable).parent / "dbt", "--no-version-check", *command, *places, "--vars", variables],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"dbt failed:\n{done.stdout}\n{done.stderr}")


def prepare_platform(folder: Path, threads: int) -> None:
    """Parse the project once, as a run does before its first step; later calls read what was parsed."""
    (folder / "platform").mkdir(exist_ok=True)
    run_dbt(folder, threads, ["parse"])


def run_platform(folder: Path, threads: int) -> dict[str, Any]:
    from clv_platform.raw import load_raw
    from clv_platform.settings import company_paths, load_settings

    settings = load_settings({"CLV_DATA_DIR": str(folder), "CLV_THREADS": str(threads)})
    paths = company_paths(settings, "platform")
    paths.warehouse.unlink(missing_ok=True)
    began = (time.perf_counter(), processor_seconds())
    load_raw(build_company(folder), paths, settings)
    run_dbt(folder, threads, ["run", "--select", *MODELS])
    figures = figures_since(began)
    write_results(folder, paths.warehouse, "platform", "features.feat_accounts__{}")
    return figures


def run_sql(folder: Path, threads: int) -> dict[str, Any]:
    import duckdb
    from features_sql import build_statements

    path = folder / "sql.duckdb"
    path.unlink(missing_ok=True)
    began = (time.perf_counter(), processor_seconds())
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"set threads = {threads}; set memory_limit = '4GB'; set preserve_insertion_order = false")
        for statement in build_statements(folder / "files"):
            connection.execute(statement)
    figures = figures_since(began)
    write_results(folder, path, "sql", "{}_features")
    return figures


def run_pandas(folder: Path, threads: int) -> dict[str, Any]:
    from features_pandas import build_frames

    return time_frames(build_frames, folder, "pandas")


def run_pandas_plain(folder: Path, threads: int) -> dict[str, Any]:
    from features_pandas_plain import build_frames

    return time_frames(build_frames, folder, "pandas_plain")


def time_frames(build_frames: Callable[[Path], dict[str, Any]], folder: Path, name: str) -> dict[str, Any]:
    began = (time.perf_counter(), processor_seconds())
    frames = build_frames(folder / "files")
    figures = figures_since(began)
    for group, frame in frames.items():
        frame.to_parquet(folder / f"{group}_{name}.parquet")
    return figures


CONTENDERS = {"platform": run_platform, "sql": run_sql, "pandas": run_pandas, "pandas_plain": run_pandas_plain}


def write_results(folder: Path, warehouse: Path, name: str, table: str) -> None:
    import duckdb

    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for group in GROUPS:
            connection.execute(f"copy (from {table.format(group)}) to '{folder}/{group}_{name}.parquet'")


def compare_results(folder: Path, group: str, name: str) -> int:
    """Compare a contender's features with the platform's: same rows, every value alike to nine digits; return the number of columns."""
    import duckdb

    ours, theirs = (f"read_parquet('{folder}/{group}_{who}.parquet')" for who in ("platform", name))
    with duckdb.connect() as connection:
        columns = [row[0] for row in connection.execute(f"describe from {ours}").fetchall() if row[0] not in ("account_id", "as_of_date")]
        unlike = ", ".join(
            f"count(*) filter ((ours.{c} is null) <> (theirs.{c} is null) "
            f"or abs(ours.{c} - theirs.{c}) > 1e-6 + 1e-9 * abs(ours.{c})) as {c}"
            for c in columns
        )
        same = "ours.account_id = theirs.account_id and ours.as_of_date = theirs.as_of_date"
        join = f"from {ours} as ours full join {theirs} as theirs on {same}"
        missing, *counts = connection.execute(
            f"select count(*) filter (ours.account_id is null or theirs.account_id is null), {unlike} {join}"
        ).fetchall()[0]
    found = {column: count for column, count in zip(columns, counts, strict=True) if count}
    if missing or found:
        raise SystemExit(f"{group}: platform and {name} differ: {missing} rows in one only, values {found}")
    return len(columns)


def count_rows(path: Path) -> int:
    from pyarrow.parquet import read_metadata

    return read_metadata(path).num_rows


if __name__ == "__main__":
    main()
