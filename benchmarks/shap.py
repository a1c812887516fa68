"""Attributions of many accounts: time and peak memory of this project's batches beside `shap.TreeExplainer` on the same model and rows.

    python benchmarks/shap.py [--accounts 100000] [--features 100] [--trees 150]

Every contestant runs in a process of its own, one thread each, so that peaks are its own. All read the same rows and model from files;
"beyond the rows" is the peak after attributing minus the memory in use before. Each has to give the mean absolute contribution per feature,
and these have to agree. `reasons` also tells every account's reasons in words. `shap (own code)` walks the trees itself; left alone,
TreeExplainer asks LightGBM for all rows at once. CPU seconds are told, since wall time depends on who else is at work.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

CONTESTANTS = ("ours", "reasons", "shap", "shap (own code)")


def make(folder: Path, n: int, p: int, trees: int) -> None:
    """Write rows and a model trained on them through the project's own artifact."""
    import pandas as pd

    from clv_platform.config import Target, Training
    from clv_platform.contracts.features import Feature
    from clv_platform.datasets import Examples
    from clv_platform.models import train_binary_model

    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(n, p)), columns=[f"x{k}" for k in range(p)])
    log_odds = -2.5 + X["x0"] * (X["x1"] > 0) + 0.5 * X["x2"] + 0.3 * X.iloc[:, 3:13].sum(axis=1)
    y = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(float)
    features = tuple(Feature(name, "number", "m", "usage", name, "", "", "", "usage") for name in X.columns)
    rows = Examples(X, y, np.arange(n).astype(str).astype(object), np.full(n, "NaT", dtype="datetime64[D]"), features, "y")
    training = Training.model_validate(
        {"arms": ("none",), "tuning": {"trials": 0}, "lightgbm": {"num_iterations": trees, "early_stopping_round": trees, "n_bags": 1}}
    )
    target = Target(name="upgrade", kind="upgrade", n_folds=2)
    few = rows.take(np.arange(min(n, 20_000)))
    artifact = train_binary_model(few, target, training, cutoff=None, config_hash="c", data_hash="d").artifact
    (folder / "model").mkdir()
    artifact.to_folder(folder / "model")
    np.save(folder / "X.npy", X.to_numpy())


def memory_mb() -> tuple[float, float]:
    """Memory of this process in use and at its peak, in MB."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    used, peak = (float(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return used, max(peak, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def run(contestant: str, folder: Path, n: int) -> dict[str, float | list[float]]:
    """Attribute n rows as one contestant does, in this process."""
    import pandas as pd

    from clv_platform.contracts.features import Feature
    from clv_platform.datasets import Examples
    from clv_platform.explain import explain_examples, tell_reasons
    from clv_platform.models import ModelArtifact
    from clv_platform.models.boosted_trees import BoostedTrees

    artifact = ModelArtifact.from_folder(folder / "model")
    values = np.load(folder / "X.npy")[:n]
    names = list(artifact.manifest.features)
    warm = pd.DataFrame(values[:100], columns=names)
    artifact.contributions(warm)
    explainers, matrix = [], np.zeros((0, 0))
    if contestant.startswith("shap"):
        warnings.simplefilter("ignore")
        sys.path.remove(str(Path(__file__).parent))  # this file is called shap too
        import shap

        assert isinstance(artifact.predictor, BoostedTrees)
        explainers = [shap.TreeExplainer(booster) for booster in artifact.predictor.boosters]
        for explainer in explainers:
            if "own code" in contestant:
                explainer.model.model_type = "internal"
        matrix = artifact.preprocessing.transform(pd.DataFrame(values, columns=names)).values
        explainers[0].shap_values(matrix[:100])
    features = tuple(Feature(name, "number", "m", "usage", name, "", "", "", "usage") for name in names)
    X = pd.DataFrame(values, columns=names)
    rows = Examples(X, np.zeros(n), np.arange(n).astype(str).astype(object), np.full(n, "NaT", dtype="datetime64[D]"), features, "y")
    before, started, wall = memory_mb()[0], time.process_time(), time.perf_counter()
    if contestant == "ours":
        table = explain_examples(artifact, rows, max_rows=None).importance.set_index("feature")["mean_abs"]
        mean_abs = table.reindex(names).to_numpy(float)
    elif contestant == "reasons":
        told = tell_reasons(artifact, rows)
        assert len(told) == n
        mean_abs = np.zeros(0)
    else:
        total = np.mean([np.asarray(explainer.shap_values(matrix)).reshape(n, -1) for explainer in explainers], axis=0)
        mean_abs = np.abs(total).mean(axis=0)
    seconds, wall = time.process_time() - started, time.perf_counter() - wall
    return {"cpu": seconds, "wall": wall, "beyond": memory_mb()[1] - before, "peak": memory_mb()[1], "mean_abs": mean_abs.tolist()}


def main() -> None:
    """Run every contestant on n and n / 10 rows and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--features", type=int, default=100)
    parser.add_argument("--trees", type=int, default=150)
    parser.add_argument("--skip", nargs="*", default=[], choices=CONTESTANTS, help="contestants to leave out")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        contestant, folder, n = asked.child
        print(json.dumps(run(contestant, Path(folder), int(n))))
        return
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "CLV_THREADS": "1"}
    with tempfile.TemporaryDirectory() as name:
        make(Path(name), asked.accounts, asked.features, asked.trees)
        print(f"{asked.features} features, {asked.trees} trees, one thread; memory in MB")
        print(f"{'':16} {'rows':>8} {'CPU s':>8} {'wall s':>8} {'peak':>8} {'beyond the rows':>16}")
        for n in (asked.accounts // 10, asked.accounts):
            found = {}
            for contestant in (one for one in CONTESTANTS if one not in asked.skip):
                command = [sys.executable, __file__, "--child", contestant, name, str(n)]
                done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
                figures = found[contestant] = json.loads(done.stdout.splitlines()[-1])
                numbers = f"{figures['cpu']:>8.1f} {figures['wall']:>8.1f} {figures['peak']:>8.0f} {figures['beyond']:>16.0f}"
                print(f"{contestant:16} {n:>8,} {numbers}", flush=True)
            agree = [np.array(figures["mean_abs"]) for figures in found.values() if figures["mean_abs"]]
            gap = max((float(np.abs(one - agree[0]).max()) for one in agree), default=0.0)
            print(f"{'':16} {n:>8,} mean absolute contributions differ by at most {gap:.1g}")


if __name__ == "__main__":
    main()
