"""Tables of a target: its balance over time, and its rate by the features that go with it most.

Keep tests out (see `findings_targets`): these are counts with Wilson intervals.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clv_platform.config import CompanyConfig
from clv_platform.exploration.columns import Coded, choose_dimensions, choose_metrics, visible_features
from clv_platform.exploration.contrasts import cramers_v
from clv_platform.exploration.findings_targets import code_feature
from clv_platform.exploration.frames import ExplorationFrames, TargetRows
from clv_platform.metrics import wilson_interval

N_KEY_FEATURES = 6
RELATED = 0.3


def build_balance(frames: ExplorationFrames) -> pd.DataFrame:
    """Rows and positives of every date with a usable label."""
    parts = [rows.balance.assign(target=rows.target.name) for rows in frames.targets]
    if not parts:
        return pd.DataFrame(columns=["target", "as_of_date", "n", "n_positive"])
    return pd.concat(parts, ignore_index=True)[["target", "as_of_date", "n", "n_positive"]]


def build_target_features(config: CompanyConfig, frames: ExplorationFrames) -> pd.DataFrame:
    """Rate of each target by level or fifth of its key features, those that go with it most and don't repeat one another."""
    parts = [_key_features(config, rows) for rows in frames.targets]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _large_enough(coded: Coded, min_rows: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """Codes and levels without the levels that hold too few rows to be shown."""
    n = np.bincount(coded.codes[coded.codes >= 0], minlength=len(coded.levels))
    kept = np.flatnonzero(n >= min_rows)
    place = np.full(len(coded.levels) + 1, -1)
    place[kept] = np.arange(len(kept))
    return place[coded.codes], tuple(coded.levels[i] for i in kept)


def _key_features(config: CompanyConfig, rows: TargetRows) -> pd.DataFrame:
    features = {feature.name: feature for feature in visible_features(config)}
    names = [metric.name for metric in choose_metrics(config)] + [dimension.name for dimension in choose_dimensions(config)]
    names += [f"{metric}_ratio_3m_12m" for metric in config.usage_metrics] + list(config.derived_features)
    names = [name for name in dict.fromkeys(names) if name in features and name in rows.frame.columns]
    coded = {name: code_feature(config, features[name], rows.frame[name]) for name in names}
    outcome = rows.y.astype(np.int64)
    strength = {name: cramers_v(found.codes, outcome) for name, found in coded.items() if len(found.levels) > 1}
    chosen: list[str] = []
    for name in sorted(strength, key=lambda name: (-strength[name], name)):
        if strength[name] > 0 and all(cramers_v(coded[name].codes, coded[other].codes) < RELATED for other in chosen):
            chosen.append(name)
        if len(chosen) == N_KEY_FEATURES:
            break
    found = []
    for name in chosen:
        codes, levels = _large_enough(coded[name], config.slice_search.min_rows)
        n = np.bincount(codes[codes >= 0], minlength=len(levels)).astype(float)
        hits = np.bincount(codes[codes >= 0], weights=rows.y[codes >= 0], minlength=len(levels))
        low, high = wilson_interval(hits, np.maximum(n, 1))
        found.append(
            pd.DataFrame(
                {"target": rows.target.name, "feature": name, "label": features[name].label, "bin": np.arange(len(levels)), "level": levels,
                 "n": n.astype(np.int64), "n_positive": hits.astype(np.int64), "rate": hits / np.maximum(n, 1), "lo": low, "hi": high,
                 "association": strength[name]}
            )
        )  # fmt: skip
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()
