"""How often the list of findings is empty when there is nothing to find, and what it costs.

Reads the marts of a company that was run before, shuffles every column on its own (see `clv_platform.exploration.shuffling`) and looks
for findings, with another seed each time. The list must be empty in at least 95 of 100 runs.

    python benchmarks/findings.py --config config/demo.yaml --marts data/demo/marts --runs 100 --accounts 3000
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from clv_platform.config import load_config
from clv_platform.exploration import ExplorationFrames, find_findings, read_exploration, shuffle_frames
from clv_platform.settings import load_settings


def take_accounts(frames: ExplorationFrames, n: int, seed: int) -> ExplorationFrames:
    """Keep a random part of the accounts."""
    rng = np.random.default_rng(seed)
    ids = np.unique(np.concatenate([frames.accounts["account_id"], *(rows.frame["account_id"] for rows in frames.targets)]))
    chosen = set(rng.permutation(ids)[:n])

    def of(frame):
        return frame[frame["account_id"].isin(chosen)].reset_index(drop=True) if len(frame) else frame

    targets = tuple(replace(r, frame=of(r.frame), y=r.y[r.frame["account_id"].isin(chosen).to_numpy()]) for r in frames.targets)
    return replace(frames, accounts=of(frames.accounts), targets=targets, months=of(frames.months))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("config/demo.yaml"))
    parser.add_argument("--marts", type=Path, default=Path("data/demo/marts"))
    parser.add_argument("--cutoff", type=date.fromisoformat, default=None, help="by default the newest snapshot there is")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--accounts", type=int, default=0, help="0: all")
    arguments = parser.parse_args()
    config = load_config(arguments.config, load_settings())
    frames = read_exploration(config, arguments.marts, arguments.cutoff or config.observed_until)
    if arguments.accounts:
        frames = take_accounts(frames, arguments.accounts, seed=0)
    start = time.process_time()
    real = find_findings(config, frames)
    print(
        f"{config.name}: {len(frames.accounts):,} accounts, {real.n_tests:,} comparisons, {len(real.frame)} findings as they are",
        flush=True,
    )
    print(f"one search takes {time.process_time() - start:.1f} CPU seconds", flush=True)
    empty = {0.01: 0, 0.05: 0}
    for seed in range(arguments.runs):
        found = find_findings(config, shuffle_frames(frames, seed), alpha=max(empty)).frame
        for alpha in empty:
            empty[alpha] += int(not (found["q_value"] <= alpha).any())
        for statement in found["statement"]:
            print(f"  seed {seed}: {statement}", flush=True)
        if seed % 10 == 9:
            print(f"  {seed + 1} runs, empty: {empty}", flush=True)
    for alpha, n in empty.items():
        print(f"alpha {alpha}: empty in {n} of {arguments.runs} runs", flush=True)


if __name__ == "__main__":
    main()
