"""A test window in which nobody did it: a verdict in one sentence and claims that are doubted, never a crash over figures that are null."""

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pandas as pd
import pytest

from assets.checks.models import _beats_baseline, _calibrated, _lifts, judge_figures
from assets.promotion import nothing_happened
from assets.targets import TargetRoom

NULLS = dict.fromkeys(("pr_auc", "pr_auc_lo", "pr_auc_hi", "lift_at_20"))


@pytest.mark.parametrize("judge", [_beats_baseline, _calibrated, _lifts])
def test_figures_that_are_null_without_a_positive_fail_the_claim_in_words(judge):
    metrics = {**NULLS, "pr_auc_baseline": 0.0, "calibration_error": 0.0, "n": 504, "n_positive": 0}
    assert judge_figures(metrics, judge) == (False, "No positive among 504 test rows, so nothing can be judged.")


def test_with_a_positive_the_claim_is_judged_by_its_figure():
    assert judge_figures({"lift_at_20": 1.5, "n": 504, "n_positive": 12}, _lifts) == (True, "Lift in the best fifth: 1.50.")


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (None, "which the config doesn't set: the newest row decides."),
        (date(2031, 3, 16), "which the config sets to 2031-03-16: do the data reach so far?"),
    ],
)
def test_the_sentence_names_the_dates_and_where_the_end_of_the_data_comes_from(company, end, told):
    company = replace(company, config=company.config.model_copy(update={"observed_until": end}))
    rows = pd.DataFrame({"as_of_date": pd.to_datetime(["2030-12-16", "2030-10-16"])})
    evaluation = SimpleNamespace(metrics={"n_accounts": 168}, predictions=rows)
    room = TargetRoom(company, company.config.target("upgrade"))
    assert nothing_happened(room, "2031-03-16", evaluation) == (  # pyright: ignore[reportArgumentType]
        "None of the 168 accounts of the test upgraded between 2030-10-16 and 2031-03-16, so nothing can be judged. "
        f"Check `observed_until`, {told}"
    )
