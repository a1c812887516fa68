"""Statements that the data support: all candidates tested together, the strongest of each story kept, ranked, with a suggested action.

Every comparison that was made counts in one Benjamini-Yekutieli procedure over all families, which holds under any dependence between
them: where there is nothing to find, the list is empty with a chance of at least 1 - ALPHA. A statement also needs an effect above its
floor, and an interval, widened because it was picked, that leaves out "no difference". Nothing here is a cause: actions say compare, test,
collect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clv_platform.config import CompanyConfig
from clv_platform.exploration.columns import choose_dimensions, code_levels, visible_features
from clv_platform.exploration.contrasts import benjamini_yekutieli, cramers_v, selected_quantile
from clv_platform.exploration.findings_groups import group_candidates
from clv_platform.exploration.findings_targets import code_feature, target_candidates
from clv_platform.exploration.findings_time import time_candidates
from clv_platform.exploration.findings_words import action_of, evidence_of, statement_of
from clv_platform.exploration.frames import ExplorationFrames

ALPHA = 0.01
RELATED = 0.3  # Cramér's V from which two columns tell one story
MAX_PER_STORY_KIND = 12
_TREND_SUFFIXES = ("_trend_6m", "_ratio_3m_12m")
_SUFFIXES = (*_TREND_SUFFIXES, "_lag_1m", "_lag_2m", "_lag_3m", "_3m", "_6m", "_12m")

COLUMNS = {
    "rank": "int64", "statement": "str", "evidence": "str", "action": "str", "audience": "str", "kind": "str", "target": "str",
    "subject": "str", "dimension": "str", "level": "str", "context": "str", "context_level": "str", "effect": "float64",
    "effect_lo": "float64", "effect_hi": "float64", "value": "float64", "reference": "float64", "n": "int64", "n_reference": "int64",
    "p_value": "float64", "q_value": "float64", "strength": "float64",
}  # fmt: skip


@dataclass(frozen=True)
class Findings:
    """The list, and how many comparisons it was picked from.

    Attributes
    ----------
    frame : DataFrame
        One row per statement, strongest first: the columns of `COLUMNS`. `effect` is a ratio (of means, of shares, of such ratios) with
        the ends of its interval; `strength` is the log of the interval's end nearer to no difference, times twice the standard deviation
        of belonging to the group.
    n_tests, n_supported : int
        Comparisons made, and those that pass the false-discovery control and their floor before repetitions are left out.
    alpha : float
        Share of false statements allowed among all.
    """

    frame: pd.DataFrame
    n_tests: int
    n_supported: int
    alpha: float = ALPHA


def find_findings(config: CompanyConfig, frames: ExplorationFrames, alpha: float = ALPHA) -> Findings:
    """Test everything that could be said, and keep what the data support.

    Parameters
    ----------
    config : CompanyConfig
        Names metrics, dimensions and targets; `slice_search.min_rows` is the smallest group.
    frames : ExplorationFrames
        See `read_exploration`.
    alpha : float
        Share of false statements allowed, and with nothing to find, the chance of any.
    """
    parts = [
        group_candidates(config, frames.accounts),
        *(target_candidates(config, rows) for rows in frames.targets),
        time_candidates(config, frames),
    ]
    parts = [part for part in parts if len(part)]
    if not parts:
        return Findings(_typed(pd.DataFrame()), 0, 0, alpha)
    candidates = pd.concat(parts, ignore_index=True)
    supported = select_supported(candidates, alpha)
    relations = _Relations(config, frames)
    kept = supported.iloc[_without_repetition(relations, supported)].reset_index(drop=True)
    return Findings(_typed(_worded(config, kept, relations)), len(candidates), len(supported), alpha)


def select_supported(candidates: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """Return the candidates that pass false-discovery control, floor and interval, strongest first.

    Adds q_value, lo, hi (of the log effect) and strength.
    """
    tested = candidates.assign(q_value=benjamini_yekutieli(candidates["p_value"].to_numpy(float)))
    size = tested["log_effect"].abs()
    passing = tested[(tested["q_value"] <= alpha) & (size >= tested["floor"]) & tested["is_distinct"].astype(bool)]
    width = selected_quantile(len(passing), len(tested), alpha=0.05) * passing["error"]
    nearest = passing["log_effect"].abs() - width
    share = passing["n"] / (passing["n"] + passing["n_reference"])
    passing = passing.assign(
        lo=passing["log_effect"] - width, hi=passing["log_effect"] + width, strength=nearest * 2 * np.sqrt(share * (1 - share))
    )
    return passing[nearest > 0].sort_values(["strength", "kind", "subject", "level"], ascending=[False, True, True, True], kind="stable")


def _without_repetition(relations: _Relations, supported: pd.DataFrame) -> list[int]:
    """Positions of the statements that say something that no stronger one says."""
    kept: list[int] = []
    rows = supported.to_dict("records")
    for i, row in enumerate(rows):
        story = _story(row)
        same_kind = [rows[k] for k in kept if _story(rows[k]) == story]
        if len(same_kind) >= MAX_PER_STORY_KIND or any(_repeats(row, other, relations) for other in same_kind):
            continue
        kept.append(i)
    return kept


def _story(row: dict) -> str:
    """What kind of story a statement belongs to; statements are compared within one."""
    kind = str(row["kind"])
    if kind in ("target_high", "target_low", "target_level", "target_missing"):
        kind = "target"
    return f"{kind}:{row['target']}"


def _repeats(row: dict, other: dict, relations: _Relations) -> bool:
    kind = str(row["kind"])
    if kind in ("change", "season"):
        return kind == "season" or row["subject"] == other["subject"]  # a season is the company's: the strongest month tells it
    same_subject = relations.are_related(str(row["subject"]), str(other["subject"]), str(row["target"]))
    if kind.startswith("target_") and kind != "target_relation":
        return same_subject
    mine, others = _columns(row), _columns(other)
    return same_subject and any(relations.are_related(a, b, str(row["target"])) for a in mine for b in others)


def _columns(row: dict) -> list[str]:
    return [str(row[name]) for name in ("dimension", "context") if row[name]]


class _Relations:
    """Which columns tell one story: Cramér's V of their levels or fifths, worked out once per pair."""

    def __init__(self, config: CompanyConfig, frames: ExplorationFrames):
        self._config = config
        self._features = {feature.name: feature for feature in visible_features(config)}
        self._dimensions = {dimension.name for dimension in choose_dimensions(config)}
        self._shapes = {
            name: (metric, name.endswith(_TREND_SUFFIXES))
            for name in self._features for metric in config.usage_metrics if name.startswith(f"{metric}_") and name.endswith(_SUFFIXES)
        }  # fmt: skip
        self._frames = {"": frames.accounts, **{rows.target.name: rows.frame for rows in frames.targets}}
        self._codes: dict[tuple[str, str], np.ndarray] = {}
        self._found: dict[tuple[str, str, str], bool] = {}

    def are_related(self, left: str, right: str, target: str) -> bool:
        if left == right:
            return True
        left, right = self._same_shape(left, right)
        if left == right:
            return True
        if left not in self._features or right not in self._features:
            return False
        key = (target, min(left, right), max(left, right))
        if key not in self._found:
            self._found[key] = cramers_v(self._code(left, target), self._code(right, target)) >= RELATED
        return self._found[key]

    def _same_shape(self, left: str, right: str) -> tuple[str, str]:
        """Two levels of usage, or two changes of it, are compared by what they measure: one lag or window says what another does."""
        (metric, is_trend), (other, other_is_trend) = self._shapes.get(left, ("", False)), self._shapes.get(right, ("", False))
        return (f"{metric}_mean_3m", f"{other}_mean_3m") if metric and other and is_trend == other_is_trend else (left, right)

    def _code(self, name: str, target: str) -> np.ndarray:
        if (name, target) not in self._codes:
            values = self._frames[target][name]
            if name in self._dimensions:
                self._codes[name, target] = code_levels(values, self._config.slice_search.min_rows).codes
            else:
                self._codes[name, target] = code_feature(self._config, self._features[name], values).codes
        return self._codes[name, target]


def _exception(row: dict[str, Any], rows: list[dict[str, Any]], relations: _Relations) -> str:
    """Name the groups for which another statement says that this one, which is about all accounts, isn't so."""
    if row["kind"] not in ("target_high", "target_low"):
        return ""
    named = [
        f"accounts with {other['dimension_label']} {other['level']} (statement {place})"
        for place, other in enumerate(rows, start=1)
        if other["kind"] == "target_relation"
        and other["target"] == row["target"]
        and relations.are_related(str(row["subject"]), str(other["subject"]), str(row["target"]))
    ]
    return f" That is so over all accounts; it differs for {' and '.join(named)}." if named else ""


def _worded(config: CompanyConfig, kept: pd.DataFrame, relations: _Relations) -> pd.DataFrame:
    targets = {target.name: target for target in config.targets}
    rows: list[dict[str, Any]] = [{str(name): value for name, value in row.items()} for row in kept.to_dict("records")]
    actions = [action_of(row, targets) for row in rows]
    return kept.assign(
        rank=np.arange(1, len(kept) + 1),
        statement=[statement_of(row, targets) + _exception(row, rows, relations) for row in rows],
        evidence=[evidence_of(row, targets) for row in rows],
        action=[action for _, action in actions],
        audience=[audience for audience, _ in actions],
        effect=np.exp(kept["log_effect"].astype(float)),
        effect_lo=np.exp(kept["lo"].astype(float)),
        effect_hi=np.exp(kept["hi"].astype(float)),
    )


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns of `COLUMNS` in order, typed, also when there is no row."""
    if frame.empty:
        frame = pd.DataFrame(columns=list(COLUMNS))
    return frame[list(COLUMNS)].astype(COLUMNS)
