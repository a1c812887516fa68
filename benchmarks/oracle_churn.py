"""How close the churn model comes to the demo company's oracle, on a finished run of the demo.

Reads `predictions.parquet` of the run and the truth that `simulate_company(..., oracle=...)` wrote apart; simulates it again when it isn't
there (the same seed gives the same company).

    python benchmarks/oracle_churn.py --data data --seed 7
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import pandas as pd

from clv_platform.metrics import calibration_error, pr_auc
from clv_platform.raw.simulation import simulate_company


def read_truth(oracle: Path) -> pd.DataFrame:
    """The true chance to leave of every account and date; accounts on the top plan have a table of their own."""
    names = ("truth", "truth_top_plan")
    parts = [pd.read_parquet(oracle / f"{name}.parquet", columns=["account_id", "as_of_date", "p_churn_90d"]) for name in names]
    return pd.concat(parts, ignore_index=True)


def compare_with_oracle(predictions: pd.DataFrame, truth: pd.DataFrame) -> dict[str, float]:
    """Model against truth on the test rows."""
    for frame in (predictions, truth):
        frame["as_of_date"] = pd.to_datetime(frame["as_of_date"])
    rows = predictions.merge(truth, on=["account_id", "as_of_date"], how="left", validate="one_to_one")
    if rows["p_churn_90d"].isna().any():
        raise SystemExit(f"{int(rows['p_churn_90d'].isna().sum())} test rows have no true chance: the oracle is another run's.")
    y, score, chance = (rows[name].to_numpy(dtype=float) for name in ("y_true", "score", "p_churn_90d"))
    return {
        "n": len(rows),
        "base_rate": float(y.mean()),
        "oracle_pr_auc": pr_auc(y, chance),
        "model_pr_auc": pr_auc(y, score),
        "share_of_oracle": pr_auc(y, score) / pr_auc(y, chance),
        "model_calibration_error": calibration_error(y, score),
        "oracle_calibration_error": calibration_error(y, chance),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"), help="the folder of `demo/`")
    parser.add_argument("--cutoff", default="2026-01-01")
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    report = arguments.data / "demo" / "reports" / arguments.cutoff / "churn"
    with tempfile.TemporaryDirectory() as temporary:
        oracle = arguments.data / "demo" / "oracle"
        if not (oracle / "truth.parquet").is_file():
            oracle = Path(temporary) / "oracle"
            files = Path(temporary) / "files"
            simulate_company(files, n_accounts=arguments.accounts, n_months=arguments.months, seed=arguments.seed, oracle=oracle)
        found = compare_with_oracle(pd.read_parquet(report / "predictions.parquet"), read_truth(oracle))
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
