"""How close the models come to the demo company's oracle, on simulation seeds that nothing was built on.

For each seed: simulate the company, run the whole graph, and compare chances and values with the true ones on the same test rows.

    python benchmarks/oracle.py --seeds 101 102 103

Comparators are left out of these runs: they take most of the time and change no model.
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
import yaml

from clv_platform.metrics import calibration_error, coverage, ngini, pr_auc, spearman
from clv_platform.raw.simulation import simulate_company

ROOT = Path(__file__).resolve().parents[1]
CUTOFF = "2026-01-01"


def join_truth(predictions: pd.DataFrame, oracle: Path, column: str) -> pd.DataFrame:
    """Test rows with the true `column` of their account and date; accounts on the top plan have a table of their own."""
    keys = ["account_id", "as_of_date"]
    files = [oracle / f"{name}.parquet" for name in ("truth", "truth_top_plan")]
    truth = pd.concat([pd.read_parquet(file, columns=[*keys, column]) for file in files if file.is_file()], ignore_index=True)
    for frame in (predictions, truth):
        frame["as_of_date"] = pd.to_datetime(frame["as_of_date"])
    rows = predictions.merge(truth, on=keys, how="left", validate="one_to_one")
    if rows[column].isna().any():
        raise SystemExit(f"{int(rows[column].isna().sum())} test rows have no true {column}: the oracle is another run's.")
    return rows


def compare_chances(predictions: pd.DataFrame, oracle: Path, column: str) -> dict[str, float]:
    """Model against truth: PR-AUC and calibration of both."""
    rows = join_truth(predictions, oracle, column)
    y, score, chance = (rows[name].to_numpy(dtype=float) for name in ("y_true", "score", column))
    return {
        "n": len(rows),
        "base_rate": y.mean(),
        "oracle_pr_auc": pr_auc(y, chance),
        "model_pr_auc": pr_auc(y, score),
        "share_of_oracle": pr_auc(y, score) / pr_auc(y, chance),
        "model_calibration_error": calibration_error(y, score),
        "oracle_calibration_error": calibration_error(y, chance),
    }


def compare_values(predictions: pd.DataFrame, oracle: Path) -> dict[str, float]:
    """Predicted against expected and realised value: ranking, and coverage where the interval isn't 0 alone."""
    rows = join_truth(predictions, oracle, "expected_value_180d")
    y, predicted, expected = (rows[name].to_numpy(dtype=float) for name in ("y_true", "y_pred", "expected_value_180d"))
    open_rows = rows[rows["hi"] > 0]
    return {
        "n": len(rows),
        "spearman_with_expected": spearman(expected, predicted),
        "oracle_spearman_with_realised": spearman(y, expected),
        "model_spearman_with_realised": spearman(y, predicted),
        "model_ngini": ngini(y, predicted),
        "oracle_ngini": ngini(y, expected),
        "coverage_90": coverage(open_rows["y_true"], open_rows["lo"], open_rows["hi"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103])
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--keep", type=Path, help="keep the data here instead of in a temporary folder")
    arguments = parser.parse_args()
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as temporary:
            data = (arguments.keep or Path(temporary)) / f"seed_{seed}"
            files, oracle = data / "demo" / "files", data / "demo" / "oracle"
            if not files.exists():
                simulate_company(files, n_accounts=arguments.accounts, n_months=arguments.months, seed=seed, oracle=oracle)
            config = data / "demo.yaml"
            demo = yaml.safe_load((ROOT / "config" / "demo.yaml").read_text(encoding="utf-8"))
            demo["training"] = {**demo.get("training", {}), "comparators": []}
            config.write_text(yaml.safe_dump(demo, sort_keys=False), encoding="utf-8")
            start = time.perf_counter()
            command = [str(Path(sys.executable).with_name("clv")), "run", "--config", str(config), "--no-progress"]
            subprocess.run(command, check=True, env={**os.environ, "CLV_DATA_DIR": str(data)}, stdout=subprocess.DEVNULL, cwd=ROOT)
            seconds = time.perf_counter() - start
            reports = data / "demo" / "reports" / CUTOFF
            for target in ("upgrade", "churn", "value"):
                path = reports / target / "predictions.parquet"
                if path.is_file():
                    found = pd.read_parquet(path)
                    figures = compare_values(found, oracle) if target == "value" else compare_chances(found, oracle, f"p_{target}_90d")
                    print(json.dumps({"seed": seed, "target": target, **figures, "run_seconds": round(seconds)}), flush=True)


if __name__ == "__main__":
    main()
