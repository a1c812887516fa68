"""The backtest: how good the model of each month was, and what the list of that month would have earned.

Here: from the files that the runs of all cutoffs left (`metrics.json`, `gate.json`, `training.json`, the scores) to a table with a row per
cutoff. Two different things stand in a row: the figures of the month's model on its test rows, as they were known at that cutoff; and the
list that the champion of that day gave to the newest snapshot, judged by what happened afterwards, once that is known. Keep training out
(a run per cutoff does it), and sentences (see `reports`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clv_platform.config import Target
from clv_platform.datasets import Examples
from clv_platform.evaluation.list_outcomes import TOP_FIFTH, lift_interval, list_depths
from clv_platform.metrics import wilson_interval

_FIGURES = (
    "pr_auc",
    "pr_auc_account_disjoint",
    "roc_auc",
    "lift_at_20",
    "log_loss",
    "brier",
    "calibration_error",
    "observed_to_expected",
    "calibration_slope",
)
_LIST = ("list_as_of", "list_model_id", "is_list_known", "n_scored", "n_listed", "n_known", "n_accounts_known")
_EARNED = ("events", "events_lo", "events_hi", "events_random", "events_perfect", "list_lift", "list_lift_lo", "list_lift_hi")
_MONEY = ("value", "value_lo", "value_hi", "value_random", "value_perfect")
COLUMNS = (
    "cutoff", "model_id", "verdict", "in_use", "compared_with", "n", "n_positive", "base_rate", "base_rate_lo", "base_rate_hi",
    *(f"{name}{end}" for name in _FIGURES for end in ("", "_lo", "_hi")),
    *_LIST, *_EARNED, *_MONEY,
)  # fmt: skip
NEEDED_FILES = ("metrics.json", "gate.json", "training.json")


@dataclass(frozen=True)
class Folders:
    """Where the runs of one target left their files.

    Attributes
    ----------
    reports : Path
        `reports/`, with a folder per cutoff.
    history : Path
        `scores/<target>/history`.
    """

    reports: Path
    history: Path


def collect_backtest(folders: Folders, target: Target, examples: Examples, until: str, *, seed: int = 0) -> pd.DataFrame:
    """Gather what all cutoffs up to one left.

    Parameters
    ----------
    folders : Folders
    target : Target
        Its `value_per_event` and `contact_cost` turn events into money.
    examples : Examples
        All eligible rows of the target with labels, which say what happened after a list.
    until : str
        The cutoff of the report, `YYYY-MM-DD`: later cutoffs are left out, and what happened later isn't looked at.
    seed : int
        Of the draws behind the intervals of the lists.

    Returns
    -------
    DataFrame
        `COLUMNS`, a row per cutoff with a whole evaluation, oldest first; figures that aren't known are NaN. `events`: accounts among the
        listed ones (top 20 % of the list) to which it happened, with Wilson's interval; `events_random`, `events_perfect`: what as many
        accounts drawn at random, and chosen in hindsight, would have held. `value`: events times worth less contacts times cost.
    """
    found = []
    for folder in sorted(path for path in folders.reports.glob("*") if path.name <= until and path.name[:1].isdigit()):
        own = folder / target.name
        if not all((own / name).is_file() for name in NEEDED_FILES):
            continue
        metrics, gate, training = (_read(own / name) for name in NEEDED_FILES)
        row = _figures(folder.name, metrics, gate)
        found.append(row | _list(folders, target, examples, training, row["in_use"], until, seed))
    return pd.DataFrame(found, columns=list(COLUMNS))


def money(events: float, n_contacts: float, target: Target) -> float:
    """Worth of events less the cost of contacts, in the company's currency; NaN when the config doesn't say what an event is worth."""
    return events * target.value_per_event - n_contacts * target.contact_cost if target.value_per_event else float("nan")


def _figures(cutoff: str, metrics: Mapping[str, Any], gate: Mapping[str, Any]) -> dict[str, Any]:
    lo, hi = wilson_interval(np.array(metrics["n_positive"]), np.array(metrics["n"]))
    row = {
        "cutoff": cutoff,
        "model_id": metrics["model_id"],
        "verdict": gate["verdict"],
        "in_use": gate.get("in_use") or (gate["model_id"] if gate["is_promoted"] else None),
        "compared_with": gate.get("compared_with"),
        "n": metrics["n"],
        "n_positive": metrics["n_positive"],
        "base_rate": metrics["n_positive"] / metrics["n"],
        "base_rate_lo": float(lo),
        "base_rate_hi": float(hi),
    }
    for name in (f"{name}{end}" for name in _FIGURES for end in ("", "_lo", "_hi")):
        value = metrics.get(name)
        row[name] = float("nan") if value is None else float(value)
    return row


def _list(
    folders: Folders, target: Target, examples: Examples, training: Mapping[str, Any], in_use: str | None, until: str, seed: int
) -> dict[str, Any]:
    """What became of the list that the champion of that day gave out, or would have."""
    as_of = training.get("scoring_date")
    if in_use is None or as_of is None:
        return {}
    path = folders.history / f"{as_of}__{in_use}.parquet"
    facts: dict[str, Any] = {"list_as_of": as_of, "list_model_id": in_use, "is_list_known": False}
    if not path.is_file():
        return facts
    scored = pd.read_parquet(path, columns=["account_id", "score_rank"])
    depth = list_depths(len(scored), len(scored))[TOP_FIFTH]
    facts |= {"n_scored": len(scored), "n_listed": depth}
    if np.datetime64(as_of) + np.timedelta64(target.horizon_days, "D") > np.datetime64(until):
        return facts
    outcome = scored["account_id"].astype(str).map(_outcomes(examples, date.fromisoformat(as_of))).to_numpy(dtype=float)
    is_listed, is_known = (scored["score_rank"] <= depth).to_numpy(dtype=bool), np.isfinite(outcome)
    if not is_known.any():
        return facts
    n, k = int((is_listed & is_known).sum()), int((is_listed & (outcome == 1)).sum())
    n_all, k_all = int(is_known.sum()), int((outcome == 1).sum())
    facts |= {"is_list_known": True, "n_known": n, "n_accounts_known": n_all}
    return facts | earn(n, k, n_all, k_all, target, seed=seed)


def earn(n_listed: int, n_events: int, n_accounts: int, n_all_events: int, target: Target, *, seed: int = 0) -> dict[str, float]:
    """What contacting a list would have earned, beside a random list and one chosen in hindsight.

    Parameters
    ----------
    n_listed, n_events : int
        Accounts contacted, and those of them to which it happened.
    n_accounts, n_all_events : int
        All accounts that could have been contacted, and events among them.
    """
    lo, hi = (float(limit) * n_listed for limit in wilson_interval(np.array(n_events), np.array(n_listed)))
    lift, lift_lo, lift_hi = lift_interval(n_events, n_listed, n_all_events - n_events, n_accounts - n_listed, seed=seed)
    events = {
        "events": float(n_events),
        "events_lo": lo,
        "events_hi": hi,
        "events_random": n_listed * n_all_events / n_accounts if n_accounts else float("nan"),
        "events_perfect": float(min(n_listed, n_all_events)),
    }
    worth = {name.replace("events", "value"): money(value, n_listed, target) for name, value in events.items()}
    return {**events, "list_lift": lift, "list_lift_lo": lift_lo, "list_lift_hi": lift_hi, **worth}


def _outcomes(examples: Examples, as_of: date) -> dict[str, float]:
    rows = examples.as_of_date == np.datetime64(as_of)
    return dict(zip(examples.account_id[rows].astype(str).tolist(), examples.y[rows].tolist(), strict=True))


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))
