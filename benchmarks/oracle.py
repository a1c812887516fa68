"""How close the upgrade model comes to the demo company's oracle, on simulation seeds that nothing was built on.

For each seed: simulate the company, run the whole graph, and compare the model's PR-AUC with that of the true chances on the same test
rows.

    python benchmarks/oracle.py --seeds 101 102 103
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from clv_platform.metrics import calibration_error, pr_auc
from clv_platform.raw.simulation import simulate_company

ROOT = Path(__file__).resolve().parents[1]


def compare_with_oracle(report: Path, oracle: Path) -> dict[str, float]:
    """Model against truth on the rows of `predictions.parquet`."""
    predictions = pd.read_parquet(report / "predictions.parquet")
    truth = pd.read_parquet(oracle / "truth.parquet", columns=["account_id", "as_of_date", "p_upgrade_90d"])
    for frame in (predictions, truth):
        frame["as_of_date"] = pd.to_datetime(frame["as_of_date"])
    rows = predictions.merge(truth, on=["account_id", "as_of_date"], how="left", validate="one_to_one")
    if rows["p_upgrade_90d"].isna().any():
        raise SystemExit(f"{int(rows['p_upgrade_90d'].isna().sum())} test rows have no true chance: the oracle is another run's.")
    y, score, chance = (rows[name].to_numpy(dtype=float) for name in ("y_true", "score", "p_upgrade_90d"))
    return {
        "n": len(rows),
        "base_rate": y.mean(),
        "oracle_pr_auc": pr_auc(y, chance),
        "model_pr_auc": pr_auc(y, score),
        "share_of_oracle": pr_auc(y, score) / pr_auc(y, chance),
        "model_calibration_error": calibration_error(y, score),
        "oracle_calibration_error": calibration_error(y, chance),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103])
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--keep", type=Path, help="keep the data here instead of in a temporary folder")
    arguments = parser.parse_args()
    rows = []
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as temporary:
            data = (arguments.keep or Path(temporary)) / f"seed_{seed}"
            files, oracle = data / "demo" / "files", data / "demo" / "oracle"
            if not files.exists():
                simulate_company(files, n_accounts=arguments.accounts, n_months=arguments.months, seed=seed, oracle=oracle)
            start = time.perf_counter()
            command = [str(Path(sys.executable).with_name("clv")), "run", "--config", str(ROOT / "config" / "demo.yaml"), "--no-progress"]
            subprocess.run(command, check=True, env={**os.environ, "CLV_DATA_DIR": str(data)}, stdout=subprocess.DEVNULL, cwd=ROOT)
            seconds = time.perf_counter() - start
            report = data / "demo" / "reports" / "2026-01-01" / "upgrade"
            arms = pd.read_parquet(report / "arms.parquet").set_index("arm")["pr_auc"].to_dict()
            row = {"seed": seed, **compare_with_oracle(report, oracle), "run_seconds": seconds, "arms": arms}
            rows.append(row)
            print(json.dumps(row), flush=True)
    table = pd.DataFrame(rows).drop(columns="arms")
    print(table.to_string(index=False, float_format=lambda value: f"{value:.4f}"))


if __name__ == "__main__":
    main()
