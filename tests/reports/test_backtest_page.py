"""The page of the backtest, and the sections about earlier lists and decisions: what they say follows the numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import Target
from clv_platform.evaluation.backtest import COLUMNS, earn
from clv_platform.evaluation.list_outcomes import evaluate_lists
from clv_platform.reports.sections.backtest import build_backtest, read_quality, render_backtest
from clv_platform.reports.sections.decisions import build_decisions
from clv_platform.reports.sections.list_outcomes import build_list_outcomes
from clv_platform.reports.tables import Table

TARGET = Target(name="upgrade", kind="upgrade", value_per_event=400.0, contact_cost=12.0)


def months(n: int = 6, target: Target = TARGET, **changes: Any) -> pd.DataFrame:
    """Months of a good model; what the lists of the last three held isn't known yet."""
    rows = []
    for i, day in enumerate(pd.date_range("2025-01-01", periods=n, freq="MS")):
        name = f"{day:%Y-%m-%d}"
        row: dict[str, Any] = dict.fromkeys(COLUMNS, np.nan)
        row |= {"cutoff": name, "model_id": f"{name}-m", "verdict": "promoted", "in_use": "2025-01-01-m", "n": 900, "n_positive": 54}
        for key, value in {"base_rate": 0.06, "pr_auc": 0.3 + 0.01 * i, "lift_at_20": 3.0 + 0.1 * i, "calibration_error": 0.01}.items():
            row |= {key: value, f"{key}_lo": value * 0.9, f"{key}_hi": value * 1.1}
        row |= {"observed_to_expected": 1.05, "observed_to_expected_lo": 0.9, "observed_to_expected_hi": 1.2, "list_as_of": name}
        if i < n - 3:
            row |= {"is_list_known": True, "n_listed": 200, "n_known": 200, **earn(200, 30, 1000, 60, target)}
        rows.append(row | changes)
    return pd.DataFrame(rows, columns=list(COLUMNS))


DECISIONS = pd.DataFrame(
    [
        {"kind": "gate", "cutoff": "2025-01-01", "model_id": "m1", "verdict": "promoted", "is_promoted": True, "is_applied": True,
         "compared_with": None, "reasons": ["Better than a simple rule."], "by": "", "at": "", "in_use": "m1"},
        {"kind": "gate", "cutoff": "2025-02-01", "model_id": "m2", "verdict": "champion_kept", "is_promoted": False, "is_applied": True,
         "compared_with": "m1", "reasons": ["A tie, so the model in use stays."], "by": "", "at": "", "in_use": "m1"},
    ]
)  # fmt: skip


def with_extras(inputs, **extras):
    return replace(inputs, extras=extras)


def test_the_page_says_what_the_lists_found_and_would_have_earned(config):
    html = render_backtest(config, TARGET, months(), DECISIONS)
    assert "In every month the model knew more than chance" in html
    assert "held 30 upgrades a month on average over 3 months: 2.5 times as many as at random" in html
    assert "9,600 EUR a month, against 2,400 at random" in html
    assert "the lists of the last 3 months held isn" in html
    assert "http" not in html.replace("http://www.w3.org", "")


def test_without_a_worth_there_is_no_talk_of_money(config):
    plain = TARGET.model_copy(update={"value_per_event": None})
    html = render_backtest(config, plain, months(target=plain), DECISIONS)
    assert "upgrades a month on average" in html
    assert "EUR" not in html


def test_months_that_were_no_better_than_chance_are_counted(config):
    frame = months()
    frame.loc[0, "pr_auc_lo"] = 0.01
    assert read_quality(frame).startswith("In 5 of 6 months the model knew more than chance")


def test_drift_and_broken_promises_are_said(config):
    frame = months()
    frame.loc[5, ["base_rate", "base_rate_lo", "base_rate_hi"]] = [0.12, 0.1, 0.14]
    frame.loc[4, ["observed_to_expected", "observed_to_expected_lo", "observed_to_expected_hi"]] = [1.6, 1.3, 1.9]
    html = render_backtest(config, TARGET, frame, DECISIONS)
    assert "has risen from" in html
    assert "Beyond chance off in 1 of 6 months, furthest in May 2025" in html


@pytest.mark.parametrize("n", [0, 1])
def test_one_month_or_none_is_a_page_and_no_section(config, inputs, n):
    frame = months().head(n)
    assert render_backtest(config, TARGET, frame, DECISIONS.head(0))
    assert build_backtest(with_extras(inputs, backtest=frame)) is None


def test_the_model_in_use_is_named_with_the_reason_that_put_it_there(inputs):
    section = build_decisions(with_extras(inputs, decisions=DECISIONS))
    assert section is not None
    assert section.blocks[0] == "In use: m1. Better than a simple rule."


def outcomes(known_from: str = "2025-04-01", **changes: Any) -> pd.DataFrame:
    n = 100
    columns = {
        "account_id": [f"a{i}" for i in range(n)], "as_of_date": pd.Timestamp("2025-01-01"), "cutoff": "2025-01-01", "model_id": "m1",
        "is_given_out": True, "is_in_force": True, "score": 0.3, "score_rank": np.arange(1, n + 1),
        "known_from_date": pd.Timestamp(known_from),
        "outcome": pd.array([1] * 15 + [0] * (n - 15), dtype="Int32"), "was_contacted": False, "was_control": False,
    }  # fmt: skip
    return evaluate_lists(pd.DataFrame(columns | changes), call_list_size=30, known_until=pd.Timestamp("2025-06-01").date())


def text_of(section) -> str:
    return " ".join(block for block in section.blocks if isinstance(block, str))


def test_the_newest_list_that_can_be_judged_is_summed_up(inputs):
    section = build_list_outcomes(with_extras(inputs, list_outcomes=outcomes()))
    assert section is not None
    assert "of the 30 accounts in its call list 15 upgraded within 90 days" in text_of(section)
    assert "No campaign touched an account" in text_of(section)


def test_contacted_accounts_are_marked_without_claiming_an_effect(inputs):
    section = build_list_outcomes(with_extras(inputs, list_outcomes=outcomes(was_contacted=np.arange(100) < 12)))
    assert section is not None
    assert "isn't the effect of the contact" in text_of(section)
    table = section.blocks[-1]
    assert isinstance(table, Table)
    groups = table.rows
    assert [(row[1].text, row[2].text, row[3].text) for row in groups] == [("contacted", "12", "12"), ("no campaign", "18", "3")]


def test_a_list_that_is_too_young_is_announced(inputs):
    section = build_list_outcomes(with_extras(inputs, list_outcomes=outcomes("2025-09-01")))
    assert section is not None
    assert "can be judged once the data reach 1 September 2025" in text_of(section)
