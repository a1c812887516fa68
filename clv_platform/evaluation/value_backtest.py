"""The backtest of amounts: how good the model of each month was, and what the list of that month then brought.

Here: from the files that the runs of all cutoffs left (`metrics.json`, `gate.json`, `training.json`) and the judged lists to a table with
a row per cutoff, as `backtest` has it for chances. Keep training out (a run per cutoff does it), and sentences (see `reports`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from clv_platform.evaluation.backtest import NEEDED_FILES

_FIGURES = ("ngini", "bias", "coverage_90", "mae", "decile_wape", "top10_share")
_OF_LIST = ("expected", "actual", "bias", "bias_lo", "bias_hi", "ngini", "ngini_lo", "ngini_hi", "top20_share")
COLUMNS = (
    "cutoff", "model_id", "verdict", "in_use", "n", "n_buyers", "total_expected", "total_actual",
    *(f"{name}{end}" for name in _FIGURES for end in ("", "_lo", "_hi")), "ngini_past_spend_rate", "ngini_present_subscriptions",
    "list_as_of", "is_list_known", *(f"list_{name}" for name in _OF_LIST),
)  # fmt: skip


def collect_value_backtest(reports: Path, target: str, lists: pd.DataFrame, until: str) -> pd.DataFrame:
    """Gather what all cutoffs up to one left about a value target.

    Parameters
    ----------
    reports : Path
        `reports/`, with a folder per cutoff.
    target : str
        Its name.
    lists : DataFrame
        `value_outcomes.evaluate_value_lists` of all lists, also those that a backtest made later.
    until : str
        The cutoff of the report, `YYYY-MM-DD`: later cutoffs are left out.

    Returns
    -------
    DataFrame
        `COLUMNS`, a row per cutoff with a whole evaluation, oldest first: figures of the month's model on its test date, as they were known
        at that cutoff, and (list_...) the list of the newest snapshot as it turned out; NaN where it isn't known.
    """
    by_date = {str(pd.Timestamp(row["as_of_date"]).date()): row for row in lists.to_dict("records")} if len(lists) else {}
    found = []
    for folder in sorted(path for path in reports.glob("*") if path.name <= until and path.name[:1].isdigit()):
        own = folder / target
        if not all((own / name).is_file() for name in NEEDED_FILES):
            continue
        metrics, gate, training = (json.loads((own / name).read_text(encoding="utf-8")) for name in NEEDED_FILES)
        row = _figures(folder.name, metrics, gate)
        as_of = str(training.get("scoring_date") or "")
        judged = by_date.get(as_of)
        if judged is not None:
            row |= {"list_as_of": as_of, "is_list_known": bool(judged["is_known"])}
            row |= {f"list_{name}": judged[name] for name in _OF_LIST if judged["is_known"]}
        found.append(row)
    return pd.DataFrame(found, columns=list(COLUMNS))


def _figures(cutoff: str, metrics: dict[str, Any], gate: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"cutoff": cutoff, "model_id": metrics["model_id"], "verdict": gate["verdict"]}
    row["in_use"] = gate.get("in_use") or (gate["model_id"] if gate["is_promoted"] else None)
    numbers = ("n", "n_buyers", "total_expected", "total_actual", "ngini_past_spend_rate", "ngini_present_subscriptions")
    for name in (*numbers, *(f"{name}{end}" for name in _FIGURES for end in ("", "_lo", "_hi"))):
        value = metrics.get(name)
        row[name] = float("nan") if value is None else float(value)
    return row
