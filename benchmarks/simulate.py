"""Time and peak memory of the demo company's simulator.

Here: one run at a size of choice, 1,000,000 accounts x 24 months by default; prints a line and, with ``--json``, writes it.
Add: nothing else; other rooms have their own benchmark.
Keep out: of the tests; it takes minutes and some gigabytes of disk.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from clv_platform.raw.simulation import simulate_company


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        summary = simulate_company(
            Path(folder) / "raw",
            n_accounts=options.accounts,
            n_months=options.months,
            seed=options.seed,
            threads=options.threads,
        )
        seconds = time.perf_counter() - began
        size = sum(file.stat().st_size for file in Path(folder).rglob("*.parquet"))
    # Linux counts kilobytes, macOS bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    figures = {
        "accounts": options.accounts,
        "months": options.months,
        "threads": options.threads,
        "seconds": round(seconds, 1),
        "peak_memory_mb": round(peak / 2**20),
        "written_mb": round(size / 2**20),
        "usage_rows": summary.n_rows["usage"],
        "rows": sum(summary.n_rows.values()),
    }
    print(json.dumps(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
