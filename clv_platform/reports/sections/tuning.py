"""The search for parameters: what was tried inside the training data, and whether anything beat the defaults beyond luck.

Reads `tuning.parquet` (see `models.tuning`). Keep the search out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from clv_platform.reports.page import Picture
from clv_platform.reports.sections.section import Section
from clv_platform.reports.tables import Cell, Table
from clv_platform.reports.tuning_figures import tuning_history
from clv_platform.reports.words import MISSING, is_number, score

if TYPE_CHECKING:
    from clv_platform.reports.inputs import TargetReportInputs

N_SHOWN = 10
_ARMS = {"none": "rows as they are", "class_weight": "weighted", "smote": "SMOTE"}


def build_tuning(inputs: TargetReportInputs) -> Section | None:
    """Build the section; None when no search was made."""
    history = inputs.extras.get("tuning")
    if history is None or len(history) < 2:
        return None
    picture = Picture.of("tuning", tuning_history(history), "Every set of parameters that was tried", read_tuning(history))
    table = tuning_table(history)
    explained = (
        "Each trial is another set of parameters, fitted on some parts of the training data and judged on the others; test rows play no "
        "part. Among many trials one looks good by luck, so the defaults stay unless a trial is better in every part and beyond what the "
        "luckiest of so many would show. A trial that loses a part is stopped there: its figure is of the first parts only."
    )
    folded = ((f"The best {len(table.rows)} trials", (table,)),)
    if inputs.metrics.get("model_kind", "lightgbm") != "lightgbm":
        what = "is in use" if inputs.gate.is_promoted else "was tested here"
        explained += f" All this is about the boosted trees, which weren't clearly better than the simpler model that {what}."
    return Section("tuning", "Would other parameters do better?", (explained, picture), folded=folded)


def read_tuning(history: pd.DataFrame) -> str:
    """Say what came of the search in one line."""
    trials = history[history["trial"] > 0]
    default, chosen = history.iloc[0], history[history["is_chosen"]].iloc[0]
    stopped = int((trials["state"] == "pruned").sum())
    first = f"{len(trials)} sets of parameters were tried, {stopped} of them stopped early"
    if int(chosen["trial"]) == 0:
        return f"{first}; none beats the defaults (PR-AUC {score(default['pr_auc'])}) beyond luck, so this model was trained with these."
    gain = f"{score(chosen['pr_auc'])} against {score(default['pr_auc'])}"
    beats = f"trial {int(chosen['trial'])} beats the defaults in every part (PR-AUC {gain})"
    return f"{first}; {beats}, so this model was trained with its parameters."


def tuning_table(history: pd.DataFrame) -> Table:
    """Build the table of the defaults and the best trials, those tried on every part first."""
    is_stopped = history["state"] == "pruned"
    ordered = history.assign(is_stopped=is_stopped).sort_values(["is_stopped", "pr_auc"], ascending=[True, False], kind="stable")
    ordered = ordered.head(N_SHOWN).reset_index(drop=True)
    rows: list[tuple[Cell, ...]] = []
    for row in ordered.to_dict("records"):
        notes = [text for text, holds in (("used for this model", row["is_chosen"]), ("stopped early", row["is_stopped"])) if holds]
        name = "the defaults" if row["trial"] == 0 else f"trial {int(row['trial'])}"
        error = row["gain_error"]
        rows.append(
            (
                Cell(name, ", ".join(notes)),
                Cell(score(row["pr_auc"], 4), f"standard error of the gain {score(error)}" if is_number(error) else "", row["pr_auc"]),
                Cell(score(row["log_loss"], 4)),
                Cell(_ARMS.get(str(row["arm"]), str(row["arm"]))),
                *(Cell(_number(row[key])) for key in ("learning_rate", "num_leaves", "min_data_in_leaf", "feature_fraction", "lambda_l2")),
            )
        )
    header = ("", "PR-AUC", "log loss", "rare rows", "learning rate", "leaves", "smallest leaf", "share of columns", "L2 penalty")
    chosen = frozenset(int(i) for i in ordered.index[ordered["is_chosen"]])
    muted = frozenset(int(i) for i in ordered.index[ordered["is_stopped"]])
    return Table(
        "Parameters tried inside the training data", header, tuple(rows), frozenset({1, 2, *range(4, 9)}), muted=muted, strong=chosen
    )


def _number(value: Any) -> str:
    return f"{value:.3g}" if is_number(value) else MISSING
