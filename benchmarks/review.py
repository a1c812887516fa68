"""The review app under a stopwatch: in headless Chromium, beside a Streamlit app of the same view over the same rows, in the same run.

Parts, each at every size: `first_load` (nothing kept from before, until the first figure), `filter` and `breakdown` (a click until the
new figure is painted), `reviewers` (20 at once, each asking the server for a whole filtered page as the app's own script does; HTTP, no
browsers, since twenty of those would measure the machine), memory of the server's process tree after all that, and `publish` of a frame
of 24 columns of all types. Streamlit is installed into an environment of its own under --folder, never into the project's; its telemetry
is off.

    python benchmarks/review.py --folder /some/folder --json figures.json

Add: a part, with its bar in `BARS`. Keep out: of the tests; it takes minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))
from review_browser import SITES, breakdown_clicks, filter_clicks, open_browser, open_pages
from review_reviewers import ask_at_once

COUNTRIES = ("Austria", "Belgium", "France", "Germany", "Italy", "Poland", "Portugal", "Spain")
SEGMENTS = ("very low", "low", "medium", "high", "very high")
NUMBERS = ("seats", "users", "logins", "sessions", "posts", "impressions", "cases", "visits", "orders", "revenue", "discount")
BY = ("channel", "plan", "trial", *NUMBERS, "country")
PARTS = ("first_load", "filter", "breakdown", "reviewers", "publish")
# (part, figure) -> at most, by rows where it differs.
BARS: dict[tuple[str, str], dict[int, float]] = {
    ("first_load", "median s"): {0: 2.5},
    ("filter", "median ms"): {0: 400.0, 100_000: 200.0},
    ("filter", "p95 ms"): {0: 1000.0},
    ("breakdown", "median ms"): {0: 400.0, 100_000: 200.0},
    ("breakdown", "p95 ms"): {0: 1000.0},
    ("reviewers", "slowest s"): {0: 2.0},
    ("memory", "MB"): {0: 1000.0},
    ("publish", "s"): {0: 3.0},
    ("publish", "MB"): {0: 8.0},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--rows", nargs="+", type=int, default=[100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=5, help="rounds of 7 filter clicks; for each 4, a round of 15 breakdown clicks more")
    parser.add_argument("--loads", type=int, default=5)
    parser.add_argument("--without-peer", action="store_true")
    parser.add_argument("--folder", type=Path, help="keep rows and the peer's environment here and use those that are there")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or Path(temporary)).resolve()
        figures = run(options, folder)
    print(table_of(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def run(options: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Return one record per part, size, contender and figure."""
    folder.mkdir(parents=True, exist_ok=True)
    found: list[dict[str, Any]] = []
    clicked = [part for part in options.parts if part != "publish"]
    if clicked:
        for n in options.rows:
            prepare(folder, n)
        contenders = ["ours"] if options.without_peer else ["ours", "streamlit"]
        for n in options.rows:
            for contender in contenders:
                found += watch(options, folder, contender, n, clicked)
    if "publish" in options.parts:
        found += publish_figures(folder)
    found.append({"part": "machine", "figure": "load average", "value": os.getloadavg()[0], "contender": "ours", "rows": 0})
    return found


def watch(options: argparse.Namespace, folder: Path, contender: str, n: int, parts: Sequence[str]) -> list[dict[str, Any]]:
    """Start one contender's server, click through its parts, weigh it."""
    site, name, records = SITES[contender], f"segments-{n}", []

    def note(part: str, figure: str, value: float) -> None:
        records.append({"part": part, "figure": figure, "value": round(value, 3), "contender": contender, "rows": n})
        print(records[-1], file=sys.stderr, flush=True)

    with serve(contender, folder) as (address, process):
        if {"first_load", "filter", "breakdown"} & set(parts):
            with open_browser() as browser:
                open_pages(browser, site, address, name, 1)  # a server's very first answer is nobody's
                if "first_load" in parts:
                    note("first_load", "median s", statistics.median(open_pages(browser, site, address, name, options.loads)))
                took: dict[str, list[float]] = {}
                if "filter" in parts:
                    took["filter"] = filter_clicks(browser, site, address, name, COUNTRIES, options.rounds)
                if "breakdown" in parts:
                    key = "&in.country" if contender == "ours" else "&country"
                    narrowed = ["", *(f"{key}={country}" for country in COUNTRIES[: max(options.rounds // 4, 1)])]
                    took["breakdown"] = breakdown_clicks(browser, site, address, name, BY, narrowed)
                for part, each in took.items():
                    note(part, "median ms", statistics.median(each))
                    note(part, "p95 ms", float(np.quantile(each, 0.95)))
                    note(part, "clicks", len(each))
        if contender == "ours" and "reviewers" in parts:
            waits = ask_at_once(address, f"/frames/{name}", COUNTRIES)
            note("reviewers", "median s", statistics.median(waits))
            note("reviewers", "slowest s", max(waits))
        note("memory", "MB", memory_mb(process.pid))
    return records


@contextmanager
def serve(contender: str, folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start a server on a free port, with telemetry off; end it by its own number."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = os.environ | {"CLV_REVIEW_DIR": str(folder / "store")}
    if contender == "ours":
        command = [sys.executable, "-c", "from clv_platform.cli import main; main()", "review", "--port", str(port)]
    else:
        command = [peer_python(folder), "-m", "streamlit", "run", str(Path(__file__).with_name("review_streamlit.py"))]
        command += ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true"]
        command += ["--browser.gatherUsageStats", "false", "--server.fileWatcherType", "none", "--", str(folder)]
    with (folder / f"{contender}.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait_for(port, process, folder / f"{contender}.log")
            yield address, process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"the server ended:\n{log.read_text()[-2000:]}")
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"the server didn't answer within a minute:\n{log.read_text()[-2000:]}")


def peer_python(folder: Path) -> str:
    """Return the Python of the peer's own environment, made when it is missing."""
    python = folder / "env_streamlit" / "bin" / "python"
    if not python.exists():
        venv.create(folder / "env_streamlit", with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "streamlit", "duckdb"], check=True, stdout=sys.stderr)
    return str(python)


def memory_mb(pid: int) -> float:
    """Most memory that a process and its children have held so far (Linux), in MB."""
    kilobytes = 0
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
        except OSError:
            continue
        if int(path.parent.name) == pid or int(lines["PPid"]) == pid:
            kilobytes += int(lines.get("VmHWM", "0 kB").split()[0])
    return kilobytes / 1024


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def prepare(folder: Path, n: int) -> None:
    """Write rows for the peer and publish the same rows for the app, unless they are there."""
    name = f"segments-{n}"
    if not (folder / f"{name}.parquet").is_file():
        segments_frame(n).to_parquet(folder / f"{name}.parquet", compression="zstd", row_group_size=122_880, index=False)
    if not (folder / "store" / "frames" / name).is_dir():
        from clv_platform.review import publish

        publish(
            folder / f"{name}.parquet", name, "segment", "predicted", account_id="account_id", slices=("country", "industry"),
            store=folder / "store",
        )  # fmt: skip


def segments_frame(n: int) -> pd.DataFrame:
    """Twenty columns: accounts and their segments, predicted well but for Germany."""
    random = np.random.default_rng(1)
    country = random.choice(COUNTRIES, n)
    truth = random.integers(0, len(SEGMENTS), n)
    is_wrong = random.random(n) < np.where(country == "Germany", 0.53, 0.25)
    columns: dict[str, Any] = {
        "account_id": [f"A{number:07d}" for number in range(n)],
        "country": country,
        "industry": random.choice(["retail", "software", "health", "logistics", "media", "food"], n),
        "channel": random.choice(["web", "partner", "phone"], n),
        "plan": random.choice(["P1", "P2", "P3"], n),
        "trial": random.random(n) < 0.2,
        "signed": pd.Timestamp("2023-01-01") + pd.to_timedelta(random.integers(0, 1000, n), unit="D"),
    }
    for place, name in enumerate(NUMBERS):
        columns[name] = np.round(random.gamma(1.2, 400.0, n), 2) if place % 2 else random.integers(0, 5_000, n)
    columns["segment"] = np.array(SEGMENTS)[truth]
    columns["predicted"] = np.array(SEGMENTS)[np.where(is_wrong, (truth + 1) % len(SEGMENTS), truth)]
    return pd.DataFrame(columns)


def publish_figures(folder: Path) -> list[dict[str, Any]]:
    """Seconds and megabytes of publishing 100,000 rows of 24 columns of all types, an amount predicted; the median of three."""
    from clv_platform.review.frames.publishing import publish_frame
    from clv_platform.review.frames.store import ReviewStore

    frame, seconds, size = mixed_frame(100_000), [], 0.0
    with tempfile.TemporaryDirectory(dir=folder) as store:
        for turn in range(3):
            began = time.perf_counter()
            info = publish_frame(ReviewStore(Path(store)), frame, f"mixed {turn}", roles={"y_true": "revenue", "y_pred": "expected"})
            seconds.append(time.perf_counter() - began)
            size = sum(path.stat().st_size for path in info.folder.iterdir()) / 1e6
    pairs = (("s", statistics.median(seconds)), ("MB", size))
    return [{"part": "publish", "figure": name, "value": round(value, 3), "contender": "ours", "rows": len(frame)} for name, value in pairs]


def mixed_frame(n: int) -> pd.DataFrame:
    """Dates, moments, numbers with gaps, booleans, texts, categories of 3 to 300 levels, amounts that came and that were predicted."""
    random = np.random.default_rng(2)
    came = np.where(random.random(n) < 0.4, 0.0, random.gamma(0.8, 300.0, n)).round(2)
    frame = pd.DataFrame({"account_id": [f"A{number:06d}" for number in range(n)], "revenue": came})
    frame["expected"] = (came * random.normal(1, 0.3, n) + random.gamma(1.0, 20.0, n)).round(2)
    for name, levels in (("country", 25), ("region", 80), ("city", 300), ("plan", 3), ("industry", 12), ("channel", 5)):
        frame[name] = pd.Series(random.choice([f"{name} {number}" for number in range(levels)], n)).astype("category")
    for name in ("signed_up_at", "last_order_at"):
        frame[name] = pd.Timestamp("2022-01-01") + pd.to_timedelta(random.integers(0, 1400 * 86_400, n), unit="s")
    frame.loc[random.random(n) < 0.2, "last_order_at"] = pd.NaT
    frame["renewal_date"] = (pd.Timestamp("2026-01-01") + pd.to_timedelta(random.integers(0, 365, n), unit="D")).date
    frame["is_trial"] = random.random(n) < 0.2
    frame["has_case"] = pd.Series(random.random(n) < 0.3, dtype="boolean").mask(random.random(n) < 0.1)
    for place in range(8):
        values = random.gamma(1.0, 50.0, n).round(2) if place % 2 else random.integers(0, 400, n).astype(float)
        frame[f"usage_{place}"] = np.where(random.random(n) < 0.15, np.nan, values)
    frame["note"] = pd.Series([f"called, case {number}" for number in range(n)]).mask(random.random(n) < 0.9)
    return frame


def table_of(figures: Sequence[dict[str, Any]]) -> str:
    """Ours beside Streamlit beside the bar, a line per figure."""
    lines = [f"{'part':<12}{'rows':>10}  {'figure':<14}{'ours':>10}{'Streamlit':>12}{'bar':>9}"]
    keys = dict.fromkeys((one["part"], one["rows"], one["figure"]) for one in figures)
    values = {(one["part"], one["rows"], one["figure"], one["contender"]): one["value"] for one in figures}
    for part, rows, figure in keys:
        limits = BARS.get((part, figure), {})
        bar = limits.get(rows, limits.get(0))
        ours, theirs = values.get((part, rows, figure, "ours")), values.get((part, rows, figure, "streamlit"))
        cells = [f"{value:,.2f}" if value is not None else "-" for value in (ours, theirs, bar)]
        missed = "  MISSED" if bar is not None and ours is not None and ours > bar else ""
        lines.append(f"{part:<12}{rows:>10,}  {figure:<14}{cells[0]:>10}{cells[1]:>12}{cells[2]:>9}{missed}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
