"""The search for parameters in words, a table and a picture."""

from __future__ import annotations

import pandas as pd

from clv_platform.reports.sections.tuning import read_tuning, tuning_table
from clv_platform.reports.tuning_figures import tuning_history


def history(chosen: int) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "trial": [0, 1, 2], "state": ["defaults", "pruned", "complete"], "pr_auc": [0.30, 0.35, 0.33], "arm": ["none", "smote", "none"],
            "beats_defaults": [False, False, True], "gain_error": [float("nan"), float("nan"), 0.01],
            "log_loss": [0.2, float("nan"), 0.19], "learning_rate": [0.04, 0.1, 0.02], "num_leaves": [15.0, 4.0, 31.0],
            "min_data_in_leaf": [100.0, 50.0, 20.0], "feature_fraction": [0.3, 0.5, 0.4], "lambda_l2": [10.0, 1.0, 0.5],
        }
    )  # fmt: skip
    return frame.assign(is_chosen=frame["trial"] == chosen)


def test_words_say_whether_anything_beat_the_defaults():
    kept = read_tuning(history(0))
    assert kept.startswith("2 sets of parameters were tried, 1 of them stopped early; none beats the defaults (PR-AUC 0.300) beyond luck")
    assert (
        "trial 2 beats the defaults in every part (PR-AUC 0.330 against 0.300), so this model was trained with its parameters"
        in read_tuning(history(2))
    )


def test_trials_of_every_part_stand_before_those_that_were_stopped():
    table = tuning_table(history(2))
    assert [row[0].text for row in table.rows] == ["trial 2", "the defaults", "trial 1"]
    assert [row[0].note for row in table.rows] == ["used for this model", "", "stopped early"]
    assert table.strong == frozenset({0})
    assert table.muted == frozenset({2})
    assert table.rows[0][1].note == "standard error of the gain 0.0100"


def test_picture_of_the_trials_is_the_same_at_every_run():
    assert tuning_history(history(0)) == tuning_history(history(0))
    assert tuning_history(history(0), picture_format="png").startswith(b"\x89PNG")
