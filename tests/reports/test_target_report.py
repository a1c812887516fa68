"""The report of a target: right numbers, plain words, nothing hidden, nothing leaking."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from clv_platform.evaluation import GateDecision
from clv_platform.evaluation.chance_words import judge_chances
from clv_platform.explain import PRIVATE
from clv_platform.reports import SplitFacts, TargetReportInputs, draw_target_pictures, find_pages, render_target_report
from clv_platform.reports.tables import metric_table
from clv_platform.reports.target_findings import build_limits
from clv_platform.reports.words import keep_together, list_date, percent, score, times

HOSTILE = '<script>alert("x")</script>'


class _Page(HTMLParser):
    """Collects what a test asks of a page: metric cells, tags, attributes, visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.metrics: dict[str, tuple[float, str]] = {}
        self.tags: list[str] = []
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.text = ""
        self._cell: tuple[str, float] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "xlink:href", "action", "srcset")]
        if tag == "svg":
            self.pictures.append(values.get("aria-label") or "")
        if "data-value" in values and "data-metric" in values:
            self._cell = (str(values["data-metric"]), float(str(values["data-value"])))

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._cell and data.strip():
            self.metrics[self._cell[0]] = (self._cell[1], data)
            self._cell = None


@pytest.fixture(scope="module")
def html(inputs: TargetReportInputs) -> str:
    return render_target_report(inputs)


def test_page_names_no_address_outside_itself(html: str) -> None:
    assert "://" not in html
    assert "//" not in re.sub(r"/\*.*?\*/", "", html)
    assert all(link.startswith("#") for link in _Page(html).links)
    assert "@import" not in html
    assert "url(" not in re.sub(r"url\(#", "", html)


def test_every_figure_equals_metrics_json(html: str, inputs: TargetReportInputs) -> None:
    page = _Page(html)
    assert {"pr_auc", "lift_at_10", "lift_at_20", "capture_at_20", "f1", "roc_auc", "log_loss", "brier", "calibration_error"} <= set(
        page.metrics
    )
    for name, (value, _) in page.metrics.items():
        assert value == inputs.metrics[name], name
    assert page.metrics["pr_auc"][1] == score(inputs.metrics["pr_auc"])
    assert page.metrics["lift_at_20"][1] == times(inputs.metrics["lift_at_20"])
    assert f"{score(inputs.metrics['pr_auc_lo'])} to {score(inputs.metrics['pr_auc_hi'])}" in page.text


def test_headline_says_what_the_top_fifth_reaches(html: str, inputs: TargetReportInputs) -> None:
    reach, lift = percent(inputs.metrics["capture_at_20"]), times(inputs.metrics["lift_at_20"])
    assert f"you reach {reach} of the coming upgrades, {lift} times as many as at random." in html


def test_a_list_that_is_older_than_the_data_says_what_it_cannot_know() -> None:
    snapshot = date(2024, 12, 1)
    assert list_date(snapshot, snapshot) == "1 December 2024"
    assert "until 31 December 2024 doesn't count" in list_date(snapshot, date(2024, 12, 31))


def test_accuracy_is_replaced_by_its_reason(html: str, inputs: TargetReportInputs) -> None:
    n, positives = inputs.metrics["n"], inputs.metrics["n_positive"]
    assert f"Always saying “no” would be right in {100 * (1 - positives / n):.0f}\u00a0% of cases" in html


def test_each_picture_has_a_label_and_a_reading(html: str) -> None:
    page = _Page(html)
    assert len(page.pictures) == 5
    assert all(len(label) > 30 for label in page.pictures)
    assert html.count("<figcaption>") == 5
    assert "<figcaption></figcaption>" not in html


def test_ids_on_the_page_are_unique(html: str) -> None:
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:url\(|href=")#([^")]+)', html)) <= set(ids)


def test_hostile_ids_and_labels_are_shown_as_text(inputs: TargetReportInputs) -> None:
    calls = inputs.call_list.assign(account_id=HOSTILE, reasons=HOSTILE)
    importance = inputs.importance.assign(label=HOSTILE + " $x$ \\1 \"'")
    slices = inputs.slices.assign(level=HOSTILE)
    gate = GateDecision(True, "promoted", (HOSTILE,), HOSTILE)
    hostile = replace(inputs, call_list=calls, importance=importance, slices=slices, gate=gate, warnings=(HOSTILE,))
    html = render_target_report(hostile)
    assert "script" not in _Page(html).tags
    assert "<script" not in html
    assert "alert(" in _Page(html).text


def test_code_in_a_hostile_text_stays_text(inputs: TargetReportInputs) -> None:
    html = render_target_report(replace(inputs, warnings=("`make zoo` and <b>`x`</b> & `a<b`",)))
    assert "<code>make zoo</code> and &lt;b&gt;<code>x</code>&lt;/b&gt; &amp; `a&lt;b`" in html


def test_private_columns_never_show(html: str, inputs: TargetReportInputs) -> None:
    assert "gender" in set(inputs.slices["column"]) | set(inputs.importance["feature"])
    assert "gender" not in html
    assert "1 private column is used by the model and never shown." in html


def test_pages_beside_the_report_are_linked_when_they_are_there(inputs: TargetReportInputs, tmp_path: Path) -> None:
    folder = tmp_path / "churn"
    (tmp_path / "data").mkdir()
    folder.mkdir()
    (folder / "history.html").touch()
    (tmp_path / "data" / "report.html").touch()
    html = render_target_report(replace(inputs, pages=find_pages(folder)))
    assert re.findall(r'<a href="([^"]*)"', html) == ["../index.html", "history.html", "../data/report.html"]


def test_influence_of_private_columns_is_a_share_without_a_name(inputs: TargetReportInputs) -> None:
    together = inputs.importance.assign(feature=inputs.importance["feature"].replace("gender", PRIVATE))
    html = render_target_report(replace(inputs, importance=together.assign(label=together["label"].replace("gender", "hidden things"))))
    assert "hidden things" not in html
    assert "Columns that the config calls private are used but not shown: 8.0%." in unescape(html).replace("\u202f", "").replace("\xa0", "")


def test_private_account_ids_are_masked(inputs: TargetReportInputs) -> None:
    config = inputs.config.model_copy(update={"private": ("gender", "account_id")})
    html = render_target_report(replace(inputs, config=config))
    assert str(inputs.call_list["account_id"].iloc[0]) not in html


def test_nothing_learnt_is_said_at_the_top_and_no_list_is_given(nothing_learnt: TargetReportInputs) -> None:
    html = render_target_report(replace(nothing_learnt, call_list=nothing_learnt.call_list.head(0)))
    assert nothing_learnt.gate.verdict == "nothing_learnt"
    assert html.index("Nothing was learnt") < html.index("What was asked")
    assert score(nothing_learnt.metrics["pr_auc"]) in html
    assert "It isn't put into use, and there is no list." in unescape(html)
    assert "accounts first" not in html
    assert "Don't use a list" in unescape(html)


def test_nothing_learnt_beside_a_model_in_use_shows_that_models_list(nothing_learnt: TargetReportInputs) -> None:
    html = unescape(render_target_report(nothing_learnt))
    assert "It isn't put into use, and the list comes from the model in use before." in html
    assert str(nothing_learnt.call_list["account_id"].iloc[0]) in html


def test_model_that_only_matches_a_simple_rule_is_not_called_chance(inputs: TargetReportInputs) -> None:
    board = inputs.leaderboard.copy()
    board.loc[board["model"] == "logistic_regression", "pr_auc_difference_lo"] = -0.01
    gate = GateDecision(False, "nothing_learnt", ("Not clearly better.",), "m")
    html = unescape(render_target_report(replace(inputs, leaderboard=board, gate=gate)))
    assert "Nothing was learnt that a simple rule doesn't know: the model isn't clearly better than logistic regression." in html
    assert "any better than chance" not in html


def test_a_regression_in_use_is_called_what_it_is_and_the_trees_stand_beside_it(inputs: TargetReportInputs) -> None:
    board = inputs.leaderboard.copy()
    board.loc[board["model"] == "logistic_regression", ["model", "kind"]] = ["lightgbm", "comparator"]
    board["is_simplest_of_best"] = board["model"] == "model"
    metrics = {**inputs.metrics, "model_kind": "logistic_regression"}
    html = unescape(render_target_report(replace(inputs, leaderboard=board, metrics=metrics)))
    assert "<dd>2025-10-01-1a2b3c4d5e6f-0f1e2d3c: logistic regression</dd>" in html
    assert '<th scope="row">this model, logistic regression</th>' in html
    assert '<th scope="row">boosted trees (LightGBM)</th>' in html
    assert "compared inside the training data of the boosted trees" in html
    assert "the logistic regression, which is in use, takes the rows as they are" in html


def test_kept_champion_is_not_sold_as_the_new_model(inputs: TargetReportInputs) -> None:
    gate = GateDecision(False, "champion_kept", ("The model in use is better.",), "m")
    html = render_target_report(replace(inputs, gate=gate))
    assert "This model was not put into use; the list comes from the model before it." in html
    alone = render_target_report(replace(inputs, gate=gate, call_list=inputs.call_list.head(0)))
    assert "This model was not put into use; there is no list." in alone
    assert "The model in use is better." in html


def test_a_page_without_a_model_in_use_calls_none_in_use_and_advises_no_list(inputs: TargetReportInputs) -> None:
    gate = GateDecision(False, "champion_kept", ("Its chances are off.",), "m")
    history = pd.DataFrame(
        {
            "trial": [0, 1], "state": ["complete", "complete"], "pr_auc": [0.2, 0.19], "log_loss": 0.2, "gain_error": [None, 0.01],
            "is_chosen": [True, False], "arm": "none", "learning_rate": 0.1, "num_leaves": 31, "min_data_in_leaf": 20,
            "feature_fraction": 1.0, "lambda_l2": 0.0, "seconds": 1.0,
        }
    )  # fmt: skip
    none = replace(inputs, gate=gate, call_list=inputs.call_list.head(0), extras={"tuning": history})
    for kind in ("logistic_regression", "lightgbm"):
        html = unescape(render_target_report(replace(none, metrics={**inputs.metrics, "model_kind": kind})))
        assert "in the order of the list" not in html
        assert "No model is in use, so there is no list: keep the rule you have." in html
        assert "<dt>Scored</dt><dd>no account, because no model is in use</dd>" in html
        for untrue in ("which is in use", "that is in use", "in bold is in use"):
            assert untrue not in html, kind
    assert "in bold is that of the model tested here" in html


def test_page_says_how_many_accounts_were_scored_and_how_many_the_list_holds(inputs: TargetReportInputs) -> None:
    html = unescape(render_target_report(replace(inputs, n_scored=7400)))
    assert "7,400 accounts were scored; this list holds the best 60 of them (0.8\u00a0%" in html
    assert "<code>call_list_size</code> of the config" in html  # not its backticks
    assert "would be the first 1,480. To take along: the newest list as a spreadsheet is published/current/upgrade/call_list.csv" in html
    assert "<dt>Scored</dt><dd>7,400 accounts as of 1 January 2026</dd>" in html
    assert "All 60 accounts that were scored are on this list." in render_target_report(replace(inputs, n_scored=60))


def test_one_constant_for_all_has_one_figure_on_the_page(inputs: TargetReportInputs) -> None:
    board = inputs.leaderboard.copy()
    board.loc[board["model"] == "prevalence", ["log_loss", "brier"]] = [0.4321, 0.1234]
    page = metric_table(replace(inputs, leaderboard=board))
    shown = {row[1].metric: row[2].text for row in page.rows}
    assert (shown["log_loss"], shown["brier"]) == ("0.432", "0.123")
    alone = metric_table(replace(inputs, leaderboard=board[board["model"] != "prevalence"]))
    assert {row[1].metric: row[2].text for row in alone.rows}["log_loss"] != "0.432"


def test_the_accounts_that_are_not_scored_are_counted(inputs: TargetReportInputs) -> None:
    html = unescape(render_target_report(replace(inputs, n_scored=7400, n_on_file=10_002)))
    assert "<dt>Not scored</dt><dd>Of 10,002 accounts on file, 2,602 are not among these: they have the highest plan" in html


def test_the_single_column_that_isnt_beaten_is_named(inputs: TargetReportInputs) -> None:
    board = inputs.leaderboard.copy()
    rows = board["model"] == "logistic_regression"
    board.loc[rows, ["model", "note"]] = ["best_single_column", "“seats”, highest first"]
    board.loc[rows, "pr_auc_difference_lo"] = -0.01
    gate = GateDecision(False, "nothing_learnt", ("Not clearly better.",), "m")
    html = render_target_report(replace(inputs, leaderboard=board, gate=gate))
    assert "clearly better than sorting by the best single column (“seats”, highest first)." in html
    assert '<th scope="row">best single column<small>“seats”, highest first</small></th>' in html


def test_report_without_scores_says_so(inputs: TargetReportInputs) -> None:
    html = render_target_report(replace(inputs, call_list=inputs.call_list.head(0)))
    assert "No account was scored" in html


def test_report_without_tables_still_renders(inputs: TargetReportInputs) -> None:
    empty = inputs.lift.head(0)
    bare = replace(inputs, arms=empty, leaderboard=empty, lift=empty, gains=empty, reliability=empty, pr_curve=empty, slices=empty,
                   importance=empty, call_list=empty, raw_load=None)  # fmt: skip
    page = _Page(render_target_report(bare))
    assert page.pictures == []
    assert page.metrics["pr_auc"][0] == inputs.metrics["pr_auc"]


def test_undefined_figures_are_a_dash_not_a_number(inputs: TargetReportInputs) -> None:
    metrics = {key: (float("nan") if isinstance(value, float) else value) for key, value in inputs.metrics.items()}
    html = render_target_report(replace(inputs, metrics=metrics))
    assert "nan" not in _Page(html).text.lower().split()
    assert "nan %" not in html


def test_undated_data_are_named_before_the_verdict(inputs: TargetReportInputs) -> None:
    undated = replace(inputs, cutoff=None, split=SplitFacts.from_folds(inputs.target.model_copy(update={"fold_seeds": (0, 1, 2)})))
    html = render_target_report(undated)
    assert html.index("the split is random, not by time") < html.index('class="headline"')
    assert "means over 3 such splits" in html
    assert "within 90 days" not in html


def test_sampled_base_rate_is_a_limit_with_its_figure_and_not_a_guess(inputs: TargetReportInputs) -> None:
    target = inputs.target.model_copy(update={"base_rate_is_sampled": True})
    rate = inputs.metrics["n_positive"] / inputs.metrics["n"]
    said = f"The share of positives in these data ({percent(rate)}) was set when rows were drawn into them; it isn't how often accounts"
    for split in (inputs.split, SplitFacts.from_folds(target)):
        limits = build_limits(replace(inputs, target=target, split=split))
        assert [limit for limit in limits if said in limit]
        assert not [limit for limit in limits if "If accounts were drawn into this table" in limit]
    assert not [limit for limit in build_limits(inputs) if "was set when rows were drawn" in limit]


def test_words_of_chances_and_headline_follow_a_sampled_base_rate_and_labels_without_dates(inputs: TargetReportInputs) -> None:
    target = inputs.target.model_copy(update={"base_rate_is_sampled": True})
    facts = {"target": target, "cutoff": None, "split": SplitFacts.from_folds(target), "gate": replace(inputs.gate, reasons=())}
    html = unescape(render_target_report(replace(inputs, **facts)))
    assert "as they stand" not in html
    assert "be read as an order, not as chances: rows were drawn by what happened" in html.replace("\u00a0", " ")
    assert "of the upgrades among accounts like these" in html
    assert "coming upgrades" not in html


def test_undated_attributes_and_rejected_rows_are_limits(html: str) -> None:
    html = unescape(html)
    assert "Used as they are now, because their history isn't recorded: territory, industry and employee range." in html
    assert "610 of 510,000 rows read could not be used (0.12\u00a0%), most of them in usage (600)" in html
    assert "3 months of the metric posts are missing." in html


def test_groups_with_few_positives_are_greyed(html: str, inputs: TargetReportInputs) -> None:
    small = inputs.slices[(inputs.slices["column"] == "employee_range") & (inputs.slices["n_positive"] < 10)]
    assert len(small) == 1
    row = next(line for line in html.splitlines() if f"employee range: {small['level'].iloc[0]}" in line)
    assert row.startswith('<tr class="muted">')


def test_all_arms_and_baselines_stand_beside_the_model(html: str) -> None:
    for words in ("as they are", "positives weighted up", "synthetic positives (SMOTE)", "logistic regression", "one constant for all"):
        assert words in html


def test_two_renderings_are_the_same(html: str, inputs: TargetReportInputs) -> None:
    assert render_target_report(inputs) == html
    slower = inputs.arms.assign(fit_seconds=inputs.arms["fit_seconds"] * 2)
    assert render_target_report(replace(inputs, arms=slower)) == html


def test_pictures_for_the_ui_are_png(inputs: TargetReportInputs) -> None:
    pictures = draw_target_pictures(inputs)
    assert set(pictures) == {"gains", "pr_curve", "lift", "reliability", "importance"}
    assert all(picture.startswith(b"\x89PNG") for picture in pictures.values())
    assert draw_target_pictures(inputs) == pictures


def test_amount_target_is_refused_with_its_kind(inputs: TargetReportInputs) -> None:
    with pytest.raises(ValueError, match="kind 'value' has amounts"):
        render_target_report(replace(inputs, target=inputs.target.model_copy(update={"kind": "value"})))


def test_split_facts_survive_json(inputs: TargetReportInputs) -> None:
    assert SplitFacts.from_json(json.loads(json.dumps(inputs.split.to_json()))) == inputs.split


def test_accounts_that_upgraded_since_the_snapshot_are_counted_and_off_the_list(inputs: TargetReportInputs) -> None:
    assert "already, so" not in unescape(render_target_report(replace(inputs, n_scored=7400)))
    split = replace(inputs.split, scoring_date=date(2025, 12, 1))
    html = unescape(render_target_report(replace(inputs, n_scored=7400, n_happened=37, split=split)))
    assert (
        "37 of those scored upgraded between the snapshot of 1 December 2025 and 1 January 2026 already, so they aren't on the list."
        in html
    )


def test_opening_list_and_reliability_say_one_thing_about_chances(inputs: TargetReportInputs) -> None:
    sentence = judge_chances(inputs.metrics).sentence
    html = unescape(render_target_report(inputs))
    assert html.count(keep_together(sentence)) == 4  # opening, list, picture and its description
    assert not re.search("as they stand|as an order|within what", html.replace(keep_together(sentence), ""))
    not_used = replace(inputs, gate=replace(inputs.gate, is_promoted=False, reasons=()))  # its list comes from another model
    assert unescape(render_target_report(not_used)).count(keep_together(sentence)) == 2
