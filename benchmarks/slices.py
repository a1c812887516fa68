"""How well the search for weak slices finds planted faults, how rarely it cries wolf, and what it costs.

Simulations of 50,000 test rows with 12 columns of 3 to 30 levels; three groups of one or two columns, each 5 to 20 % of the rows, whose
log-odds are off by 1 (strong) or .3 (weak), up or down; or no fault. `lightgbm` trains a real model on 100,000 other rows of the same world
before the faults set in. Then the coverage of intervals of small and of selected groups, and CPU seconds, beside `sliceline` when it can be
installed into an environment of its own (never the project's).

    python benchmarks/slices.py --parts faults fault_free repeated lightgbm coverage cost sliceline
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from clv_platform.config.schema import SliceSearch
from clv_platform.evaluation import evaluate_slices, find_weak_slices
from clv_platform.metrics.slices import build_cube, log_odds, score_statistics, sigmoid
from clv_platform.metrics.slices.score_test import fit_line, score_terms

PARTS = ("faults", "fault_free", "repeated", "lightgbm", "coverage", "cost", "sliceline")
N_ROWS, N_COLUMNS = 50_000, 12
SEARCH = SliceSearch(max_depth=2, n_draws=39)
SLICELINE = """
import sys, time, json, numpy as np
from sliceline.slicefinder import Slicefinder
data = np.load(sys.argv[1])
finder = Slicefinder(alpha=0.95, k=10, max_l=2, min_sup=50, verbose=False)
start = time.process_time()
finder.fit(data["codes"], data["losses"])
import resource
print(json.dumps({"cpu": time.process_time() - start, "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}))
"""


@dataclass(frozen=True)
class World:
    """Coded columns, true log-odds without and with faults, and which groups are at fault."""

    codes: np.ndarray
    n_levels: tuple[int, ...]
    log_odds: np.ndarray
    numbers: np.ndarray
    shift: np.ndarray
    faults: tuple[tuple[tuple[int, int], ...], ...]

    def columns(self) -> pd.DataFrame:
        """Coded columns as categories."""
        return pd.DataFrame({f"c{i}": pd.Categorical(code.astype(str)) for i, code in enumerate(self.codes)})


def build_world(seed: int, n: int, effect: float) -> World:
    random = np.random.default_rng(seed)
    n_levels = tuple(int(count) for count in random.integers(3, 31, N_COLUMNS))
    codes = np.stack([random.choice(count, n, p=random.dirichlet(np.full(count, 3.0))) for count in n_levels])
    numbers = random.normal(size=(n, 2))
    base = -1.2 + sum(random.normal(0, 0.25, count)[code] for count, code in zip(n_levels, codes, strict=True)) + numbers @ [0.6, 0.4]
    shift, faults = np.zeros(n), []
    while effect and len(faults) < 3:
        chosen = np.sort(random.choice(N_COLUMNS, random.integers(1, 3), replace=False))
        pairs = tuple((int(c), int(random.integers(n_levels[c]))) for c in chosen)
        mask = np.logical_and.reduce([codes[c] == level for c, level in pairs])
        if 0.05 <= mask.mean() <= 0.2 and pairs not in faults:
            faults.append(pairs)
            shift += mask * effect * random.choice([-1, 1])
    return World(codes, n_levels, base, numbers, shift, tuple(faults))


def named(frame: pd.DataFrame) -> list[tuple[tuple[int, int], ...]]:
    """Found groups as (column, level) pairs."""
    rows = frame.to_dict("records")
    return [tuple((int(r[f"column_{i}"][1:]), int(r[f"level_{i}"])) for i in (1, 2, 3) if isinstance(r[f"column_{i}"], str)) for r in rows]


def count_found(n_sets: int, effect: float, first_seed: int) -> dict[str, float]:
    """Search sets of planted faults, scores being the truth without them."""
    exact, top, false, alarms, cpu = 0, 0, 0, 0, []
    for seed in range(first_seed, first_seed + n_sets):
        world = build_world(seed, N_ROWS, effect)
        y = (np.random.default_rng(seed + 1).random(N_ROWS) < sigmoid(world.log_odds + world.shift)).astype(float)
        columns, start = world.columns(), time.process_time()
        groups = named(find_weak_slices(y, sigmoid(world.log_odds), np.arange(N_ROWS), columns, SEARCH, seed=seed).confirmed)
        cpu.append(time.process_time() - start)
        right = [group in world.faults for group in groups]
        exact, top, false, alarms = exact + sum(right), top + sum(right[:3]), false + len(right) - sum(right), alarms + bool(groups)
    return {
        "sets": n_sets,
        "found_of_3": exact / n_sets,
        "in_top_three": top / n_sets,
        "false_per_set": false / n_sets,
        "alarm_rate": alarms / n_sets,
        "cpu_seconds": float(np.median(cpu)),
    }


def count_repeated(n_sets: int) -> dict[str, float]:
    """Three overlapping monthly snapshots of 8,000 accounts, nothing wrong: alarms with accounts kept together, and with rows apart."""
    together, apart = 0, 0
    settings = SEARCH.model_copy(update={"min_gain": 0.0})
    for seed in range(n_sets):
        world = build_world(9_000 + seed, 8000, 0.0)
        random = np.random.default_rng(seed)
        chance = sigmoid(world.log_odds - 1.0)
        events = random.random((8000, 5)) < (1 - (1 - chance) ** (1 / 3))[:, None]
        first = np.where(events.any(axis=1), events.argmax(axis=1), 99)
        rows = [np.flatnonzero(first >= month) for month in range(3)]
        y = np.concatenate([first[here] < month + 3 for month, here in enumerate(rows)]).astype(float)
        account = np.concatenate(rows)
        columns = world.columns().iloc[account].reset_index(drop=True)
        for who in (account, np.arange(account.size)):
            found = len(find_weak_slices(y, chance[account], who, columns, settings, seed=seed).confirmed) > 0
            together, apart = together + (found and who is account), apart + (found and who is not account)
    return {"sets": n_sets, "alarm_rate": together / n_sets, "alarm_rate_if_rows_were_independent": apart / n_sets}


def count_lightgbm(n_sets: int, effect: float) -> dict[str, float]:
    """A model trained on 100,000 rows of the world, judged on 50,000 others; fault-free: labels follow the model, so it can't be wrong."""
    import lightgbm as lgb

    exact, top, false, alarms = 0, 0, 0, 0
    for seed in range(n_sets):
        world = build_world(20_000 + seed, 150_000, effect)
        random = np.random.default_rng(seed)
        y = (random.random(150_000) < sigmoid(world.log_odds)).astype(float)
        X = np.column_stack([world.numbers, world.codes.T])
        params = {"objective": "binary", "learning_rate": 0.1, "num_leaves": 15, "verbosity": -1, "num_threads": 1, "seed": seed}
        data = lgb.Dataset(X[:100_000], y[:100_000], categorical_feature=list(range(2, X.shape[1])))
        score = np.asarray(lgb.train(params, data, num_boost_round=150).predict(X[100_000:], num_threads=1))
        truth = world.log_odds[100_000:] + world.shift[100_000:] if effect else np.log(score / (1 - score))
        labels = (random.random(N_ROWS) < sigmoid(truth)).astype(float)
        columns = world.columns().iloc[100_000:].reset_index(drop=True)
        groups = named(find_weak_slices(labels, score, np.arange(N_ROWS), columns, SEARCH, seed=seed).confirmed)
        right = [group in world.faults for group in groups]
        exact, top, false, alarms = exact + sum(right), top + sum(right[:3]), false + len(right) - sum(right), alarms + bool(groups)
    shares = {"found_of_3": exact, "in_top_three": top, "false_per_set": false, "alarm_rate": alarms}
    return {"sets": n_sets} | {name: count / n_sets for name, count in shares.items()}


def measure_coverage(n_sets: int) -> dict[str, float]:
    """How often intervals hold the truth: groups of 20 to 59 rows, and the ten groups with the worst shrunk figures of each set."""
    names = ("base_rate", "accuracy", "observed_expected")
    small: dict[str, list[bool]] = {f"{name}{end}": [] for name in names for end in ("", "_shrunk")}
    worst: dict[str, list[bool]] = {f"{name}_shrunk": [] for name in names}
    for seed in range(n_sets):
        random = np.random.default_rng(seed)
        sizes = random.integers(20, 400, 150)
        group = np.repeat(np.arange(150), sizes)
        score = random.beta(2, 6, group.size)
        off = random.normal(0, 0.3, 150)
        chance = sigmoid(np.log(score / (1 - score)) + off[group])
        y = (random.random(group.size) < chance).astype(float)
        # Every group is a level: 150 levels in 15 columns of 10, the others of a column being the rows outside.
        columns = {f"c{c}": np.where(group // 10 == c, group.astype(str), "rest") for c in range(15)}
        table = evaluate_slices(
            y, score[None], np.full((1, y.size), 0.5), np.arange(y.size), pd.DataFrame(columns), seed=seed, n_bootstraps=2, max_depth=1
        )
        table = table[table["level"].str.isdigit()]
        who = table["level"].astype(int).to_numpy()
        n = np.bincount(group)[who]
        called = score >= 0.5
        truth = {
            "base_rate": np.bincount(group, chance)[who] / n,
            "accuracy": np.bincount(group, np.where(called, chance, 1 - chance))[who] / n,
            "observed_expected": (np.bincount(group, chance) / np.bincount(group, score))[who],
        }
        for name, right in truth.items():
            for end in ("", "_shrunk"):
                inside = (table[f"{name}{end}_lo"] <= right) & (right <= table[f"{name}{end}_hi"])
                small[f"{name}{end}"] += inside[n < 60].tolist()
            far = np.abs(table["observed_expected_shrunk"] - 1) if name == "observed_expected" else -table[f"{name}_shrunk"]
            order = np.argsort(-far.to_numpy() if name == "observed_expected" else table[f"{name}_shrunk"].to_numpy())[:10]
            worst[f"{name}_shrunk"] += inside.to_numpy()[order].tolist()
    return {f"small_{k}": float(np.mean(v)) for k, v in small.items()} | {f"ten_worst_{k}": float(np.mean(v)) for k, v in worst.items()}


def measure_cost(n: int, n_metric_rows: int) -> dict[str, float]:
    """CPU and wall seconds of the whole procedure, of cubes and of the table of metrics."""
    world = build_world(1, n, 0.3)
    y = (np.random.default_rng(2).random(n) < sigmoid(world.log_odds + world.shift)).astype(float)
    score, columns, figures = sigmoid(world.log_odds), world.columns(), {"rows": float(n)}
    start, wall = time.process_time(), time.perf_counter()
    find_weak_slices(y, score, np.arange(n), columns, SEARCH, seed=0)
    figures |= {"procedure_cpu": time.process_time() - start, "procedure_wall": time.perf_counter() - wall}
    for depth in (2, 3):
        start = time.process_time()
        figures[f"cube_depth_{depth}_cpu"] = build_statistics(world, y, depth) and time.process_time() - start
    if n >= n_metric_rows:
        figures |= measure_metrics(n)
    return figures | {"peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}


def build_statistics(world: World, y: np.ndarray, depth: int) -> float:
    """One cube: groups, sums, the statistic of every group."""
    cube = build_cube(world.codes, world.n_levels, max_depth=depth, min_rows=50)
    x = log_odds(sigmoid(world.log_odds))
    weights = score_terms(y, x, fit_line(y, x)).weights()
    return float(score_statistics(cube.sums(weights), np.array([weight.sum() for weight in weights])).max())


def measure_metrics(n: int) -> dict[str, float]:
    """The table of 126 groups (all, and 125 levels of 11 columns) without and with 200 bootstraps, PR-AUC against exact."""
    random = np.random.default_rng(0)
    counts = [12] * 6 + [11] * 4 + [9]
    columns = pd.DataFrame({f"c{i}": pd.Categorical(random.integers(0, count, n).astype(str)) for i, count in enumerate(counts)})
    score = random.beta(1, 9, n)
    y = (random.random(n) < score).astype(float)
    given, figures = (y, score[None], np.full((1, n), 0.2), np.arange(n), columns), {}
    for name, n_bootstraps in (("metrics_cpu", 0), ("metrics_200_bootstraps_cpu", 200)):
        start = time.process_time()
        table = evaluate_slices(*given, seed=0, n_bootstraps=n_bootstraps, max_depth=1, exact=False)
        figures[name] = time.process_time() - start
    exact = evaluate_slices(*given, seed=0, n_bootstraps=0, max_depth=1, exact=True)
    return {"metrics_slices": float(len(table)), **figures, "pr_auc_error": float(np.abs(table["pr_auc"] - exact["pr_auc"]).max())}


def measure_sliceline() -> dict[str, float | str]:
    """Sliceline's search and one cube of ours on the same 100,000 rows."""
    world = build_world(1, 100_000, 0.3)
    y = (np.random.default_rng(2).random(100_000) < sigmoid(world.log_odds + world.shift)).astype(float)
    p = sigmoid(world.log_odds)
    start = time.process_time()
    build_statistics(world, y, 2)
    ours = time.process_time() - start
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        venv.create(place / "env", with_pip=True)
        python = place / "env" / "bin" / "python"
        installed = subprocess.run([python, "-m", "pip", "install", "-q", "sliceline"], capture_output=True, text=True, check=False)
        if installed.returncode:
            return {"cube_depth_2_cpu": ours, "sliceline": f"could not be installed: {installed.stderr.strip()[-200:]}"}
        np.savez(place / "rows.npz", codes=world.codes.T + 1, losses=-np.where(y == 1, np.log(p), np.log1p(-p)))
        ran = subprocess.run([python, "-c", SLICELINE, str(place / "rows.npz")], capture_output=True, text=True, check=False)
        if ran.returncode:
            return {"cube_depth_2_cpu": ours, "sliceline": f"failed: {ran.stderr.strip()[-200:]}"}
        theirs = json.loads(ran.stdout.strip().splitlines()[-1])
    return {"cube_depth_2_cpu": ours, "sliceline_cpu": theirs["cpu"], "sliceline_peak_gb": theirs["peak_gb"], "times": theirs["cpu"] / ours}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--sets", type=int, default=200, help="fault-free sets; a quarter as many of each other kind")
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    arguments = parser.parse_args()
    some = max(1, arguments.sets // 4)
    for part in arguments.parts:
        if part == "faults":
            report("strong faults (log-odds 1)", count_found(some, 1.0, 1000))
            report("weak faults (log-odds .3)", count_found(some, 0.3, 2000))
        elif part == "fault_free":
            report("fault-free", count_found(arguments.sets, 0.0, 5000))
        elif part == "repeated":
            report("fault-free, accounts repeat", count_repeated(some))
        elif part == "lightgbm":
            report("LightGBM, strong faults", count_lightgbm(max(1, some // 5), 1.0))
            report("LightGBM, fault-free", count_lightgbm(some, 0.0))
        elif part == "coverage":
            report("coverage of 95 % intervals", measure_coverage(some))
        elif part == "cost":
            for rows in arguments.rows:
                report(f"cost at {rows:,} rows", measure_cost(rows, 1_000_000))
        else:
            report("beside sliceline", measure_sliceline())


def report(title: str, figures: dict) -> None:
    print(title)
    for name, value in figures.items():
        print(f"  {name:<40} {value:.4g}" if isinstance(value, float) else f"  {name:<40} {value}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
