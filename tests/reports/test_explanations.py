"""The section on why accounts score as they do, and its pictures: from tables with planted effects to sentences that name them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clv_platform.reports import TargetReportInputs, explain_figures, render_target_report
from clv_platform.reports.sections.explanations import _odds_move, build_explanations, read_beeswarm, read_dependence, read_groups
from clv_platform.reports.tables import Table

N = 400


def _attributions() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    value = rng.normal(size=N)
    level = rng.integers(0, 3, N).astype(float)
    blocks = [
        ("users_lag_1m", "active users (last month)", value, value),
        ("territory", "territory", level, level - 1),
        ("gender", "gender", level, level),
    ]
    parts = [
        pd.DataFrame(
            {
                "account_id": [f"A{k}" for k in range(N)],
                "as_of_date": pd.NaT,
                "feature": name,
                "label": label,
                "value": x,
                "contribution": y,
            }
        )
        for name, label, x, y in blocks
    ]
    return pd.concat(parts, ignore_index=True)


def _dependence(partner: str | None = "territory", type_: str = "number") -> pd.DataFrame:
    value, is_t3 = np.arange(float(N)), np.arange(N) % 2 == 0
    points: dict[str, Any] = {
        "position": 1, "feature": "users_lag_1m", "label": "active users", "type": type_, "unit": "users", "account_id": "A",
        "value": value if type_ == "number" else np.nan, "value_text": None if type_ == "number" else np.where(is_t3, "yes", "no"),
        "contribution": np.where(is_t3, 2.0, 0.5) * (value > N / 2), "partner": partner, "partner_label": partner,
        "partner_type": partner and "category", "partner_share": 0.5, "partner_rank": np.nan,
        "partner_text": np.where(is_t3, "T3", "T1") if partner else None,
    }  # fmt: skip
    return pd.DataFrame(points, index=range(N))


def _by_slice() -> pd.DataFrame:
    rows = []
    for column, level, n, shares in (
        ("(all)", "(all)", 1000, (0.6, 0.4)), ("territory", "T1", 700, (0.62, 0.38)), ("territory", "T3", 300, (0.3, 0.7)),
        ("territory", "T2", 40, (0.0, 1.0)), ("gender", "f", 500, (0.0, 1.0)),
    ):  # fmt: skip
        for family, label, share in zip(("users", "cases"), ("active users", "support cases"), shares, strict=True):
            rows.append((column, column, level, n, family, label, share, share, 0.0))
    return pd.DataFrame(rows, columns=["column", "column_label", "level", "n", "family", "label", "mean_abs", "share", "mean"])


def _example() -> pd.DataFrame:
    steps = pd.DataFrame(
        {
            "step": ["start", "feature", "rest"],
            "label": ["average score", "active users", "everything else"],
            "text": ["where the sum starts: the average score", "active users: 90 (highest 8 %)", "everything else (4 smaller reasons)"],
            "contribution": [-3.0, 2.5, -0.5],
        }
    )
    raw = steps["contribution"].cumsum()
    return steps.assign(
        account_id="A7", as_of_date=pd.Timestamp("2025-09-01"), outcome=1.0, raw_after=raw, chance_after=1 / (1 + np.exp(-raw))
    )


@pytest.fixture
def explained(inputs: TargetReportInputs) -> TargetReportInputs:
    tables = {
        "attributions": _attributions(),
        "dependence": _dependence(),
        "importance_by_slice": _by_slice(),
        "worked_example": _example(),
    }
    return replace(inputs, extras=tables)


def test_section_shows_every_part_and_private_columns_nowhere(explained):
    page = render_target_report(explained)
    assert page.count('<section id="explanations">') == 1
    for words in (
        "How each account is pushed",
        "Effect of “active users”",
        "How one score adds up",
        "A7 as of 1 September 2025",
        "It upgraded.",
    ):
        assert words in page
    section = build_explanations(explained)
    assert section is not None
    assert "gender" not in str(section)


def test_without_explanations_there_is_no_section(inputs):
    assert build_explanations(inputs) is None


def test_section_is_left_with_what_there_is(explained):
    section = build_explanations(replace(explained, extras={"attributions": _attributions()}))
    assert section is not None
    assert len(section.blocks) == 2


def test_worked_example_table_sums_to_raw_score_and_chance(explained):
    section = build_explanations(explained)
    assert section is not None
    table = next(block for block in section.blocks if isinstance(block, Table) and block.caption == "The same, step by step")
    assert table.rows[-1][1].value == pytest.approx(-1.0)
    assert table.rows[-1][2].value == pytest.approx(-1.0)
    assert table.rows[-1][3].value == pytest.approx(1 / (1 + np.e))
    assert [row[1].text for row in table.rows] == ["−3.00", "+2.50", "−0.50", "−1.00"]


def test_undated_example_has_no_date(explained):
    no_date = pd.Series([pd.NaT] * 3, dtype="datetime64[s]")
    undated = {**explained.extras, "worked_example": _example().assign(as_of_date=no_date, outcome=0.0)}
    section = build_explanations(replace(explained, extras=undated))
    assert section is not None
    words = next(block for block in section.blocks if isinstance(block, str) and block.startswith("One account"))
    assert words.startswith("One account, step by step: A7, the highest score among the rows.")
    assert words.endswith("It is not among those that upgraded.")


def test_dependence_is_read_from_low_to_high_and_by_partner():
    assert read_dependence(_dependence()) == (
        "Over all, from low values (up to 79.8) to high ones (319 and more) the odds rise 3.5-fold. "
        "It depends most on “territory”: 7.4-fold where that is T3, 1.6-fold where it is T1."
    )  # e^1.25, e^2 and e^.5 by construction
    assert read_dependence(_dependence(partner=None)).endswith("The effect hardly depends on any other feature.")


def test_dependence_of_yes_or_no_names_the_levels():
    reading = read_dependence(_dependence(type_="boolean"))
    assert reading.startswith("The odds are highest for “yes” (×")
    assert reading.endswith("It depends most on “territory”.")


def test_beeswarm_reading_names_both_ways_and_speaks_of_leaving_for_churn(explained):
    importance = pd.DataFrame(
        {"feature": list("abc"), "label": ["users", "cases", "plan"], "share": [0.5, 0.3, 0.2], "direction": [0.9, -0.8, np.nan]}
    )
    churn = replace(explained, importance=importance, target=explained.target.model_copy(update={"kind": "churn"}))
    assert read_beeswarm(churn).startswith("High values of “users” raise the chance to leave; high values of “cases” lower it.")
    neither = replace(explained, importance=importance.assign(direction=np.nan))
    assert read_beeswarm(neither).startswith("None of the strongest features pushes one way throughout.")


def test_yes_or_no_is_named_by_its_yes_and_undated_rows_are_not_called_test_rows(explained):
    trial = next(feature for feature in explained.features if feature.name == "is_trial")
    importance = pd.DataFrame({"feature": ["is_trial"], "label": [trial.label], "share": [1.0], "direction": [0.9]})
    told = replace(explained, importance=importance, split=replace(explained.split, is_undated=True))
    assert read_beeswarm(told).startswith("High values of “on trial: yes” raise the chance to upgrade.")
    section = build_explanations(told)
    assert section is not None
    assert str(section.blocks[0]).startswith("1,000 rows were taken apart")


def test_groups_that_differ_are_named_and_small_ones_are_not():
    told = read_groups(_by_slice().query("column != 'gender'"))
    assert told == (
        "What counts differs between groups: in territory T3 “support cases” has 70\u00a0% of all influence, against 40\u00a0% "
        "over all accounts."
    )
    alike = _by_slice().query("level in ['(all)', 'T1']")
    assert read_groups(alike) == "What counts is much the same in every group of accounts."


@pytest.mark.parametrize("picture_format", ["svg", "png"])
def test_pictures_are_the_same_at_every_run(picture_format):
    types = {"users_lag_1m": "number", "territory": "category", "gender": "boolean"}
    for draw in (
        lambda: explain_figures.beeswarm(_attributions(), types, picture_format=picture_format),
        lambda: explain_figures.dependence_plot(_dependence(), picture_format=picture_format),
        lambda: explain_figures.dependence_plot(_dependence(type_="boolean", partner=None), picture_format=picture_format),
        lambda: explain_figures.waterfall(_example(), picture_format=picture_format),
    ):
        assert draw() == draw()


def test_every_dot_is_drawn_and_the_picture_stays_small():
    svg = explain_figures.beeswarm(_attributions(), {"users_lag_1m": "number"}).decode()
    dots = sum(path.count("M ") for path in svg.split('d="')[1:] if path.count("M ") > 20)
    assert dots == 3 * N
    assert len(svg) < 90_000


@pytest.mark.parametrize(
    ("effect", "words"),
    [
        (np.log(3.5), "rise 3.5-fold"),
        (-np.log(2.0), "fall 2.0-fold"),
        (np.log(1156), "rise from almost nothing, more than 20-fold"),
        (-np.log(1156), "fall to almost nothing, less than one 20th of what they were"),
    ],
)
def test_effects_beyond_all_measure_are_words(effect: float, words: str) -> None:
    assert _odds_move(effect) == words
