"""The page about segments and cohorts: every part that has data, no part that hasn't."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import CompanyConfig, Target
from clv_platform.contracts.feature import Feature
from clv_platform.datasets.snapshots import pick_snapshots
from clv_platform.models.segments import SegmentRequest, refresh_segments
from clv_platform.reports.cohorts import build_cohorts
from clv_platform.reports.segment_inputs import concentrate, gather_segments
from clv_platform.reports.segment_words import headline, read_first_cohort, read_migration, read_profit
from clv_platform.reports.segments_report import render_segments_report
from clv_platform.settings import CompanyPaths

CONFIG = CompanyConfig.model_validate(
    {
        "name": "little", "title": "Little company", "sources": {"accounts": {"files": "a.csv"}, "orders": {"files": "o.csv"}},
        "targets": [{"name": "value", "kind": "value", "horizon_days": 180}], "private": ["secret"],
    }
)  # fmt: skip
FEATURES = tuple(
    Feature(name, "number", "feat", "rfm", label, "", "", unit, "orders")
    for name, label, unit in (("revenue_365d", "revenue in 365 days", "EUR"), ("n_orders_365d", "orders in 365 days", "orders"))
)
CUTOFF = "2025-07-01"


def make_accounts(day: str, seed: int = 0, n: int = 50) -> pd.DataFrame:
    """A third each: big, middling, small."""
    rng = np.random.default_rng(seed)
    parts = [
        pd.DataFrame({"revenue_365d": rng.normal(a, a / 10, n), "n_orders_365d": rng.normal(b, 1, n)})
        for a, b in ((900, 40), (300, 20), (50, 2))
    ]
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(account_id=[f"A{i:03d}" for i in range(3 * n)], as_of_date=pd.Timestamp(day))


def make_months() -> pd.DataFrame:
    rows = []
    for start in range(4):
        for age in range(6 - start):
            cell = {"cohort_month": pd.Timestamp(2025, 1 + start, 1), "channel": "web", "months_since": age, "is_complete": True}
            rows.append(cell | {"n_accounts": 10, "n_active": 10 - 2 * age, "revenue": 100.0 * (6 - age), "margin": 0.0})
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def gathered(tmp_path_factory):
    paths = CompanyPaths(tmp_path_factory.mktemp("state"))
    snapshots = pick_snapshots([make_accounts("2025-06-01"), make_accounts(CUTOFF, 1)], date(2025, 7, 1))
    done = refresh_segments(
        paths.models / "segments", snapshots.newest, SegmentRequest(FEATURES, (3, 4), 2), cutoff=CUTOFF, as_of_date=CUTOFF
    )
    _write(paths.marts / "fct_cohort_months.parquet", make_months())
    accounts = snapshots.newest
    rfm = accounts[["account_id", "as_of_date"]].assign(rfm_segment=["champions"] * 50 + ["loyal"] * 50 + ["lost"] * 50)
    _write(paths.marts / "fct_rfm_scores.parquet", rfm)
    dim = pd.DataFrame({"account_id": accounts["account_id"], "signed_up_at": pd.Timestamp("2024-02-03"), "channel": ["web", "event"] * 75})
    dim["first_event_at"] = dim["signed_up_at"]
    dim.loc[:20, "signed_up_at"] = pd.Timestamp("2025-01-03")
    _write(paths.marts / "dim_accounts.parquet", dim)
    y = np.r_[np.full(15, 100.0), np.full(135, 1.0)]
    _write(paths.reports / CUTOFF / "value" / "predictions.parquet", pd.DataFrame({"y_true": y, "y_pred": np.full(150, 2.0)}))
    (paths.reports / CUTOFF / "value" / "gate.json").write_text('{"is_promoted": true}')
    scores = pd.DataFrame({"account_id": accounts["account_id"], "score": accounts["revenue_365d"] / 2})
    return (
        paths,
        snapshots,
        done,
        gather_segments(CONFIG, paths, CUTOFF, done.kept, FEATURES, snapshots, verdict=done.words, scores={"value": scores}),
    )


def _write(path: Path, frame: pd.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(path, index=False)


def test_the_headline_names_the_segment_that_counts_for_most(gathered):
    inputs = gathered[3]
    html = render_segments_report(inputs)
    assert "The 150 accounts fall into 3 segments." in html
    top = inputs.profile[inputs.profile["segment"] > 0].sort_values("worth_share").iloc[-1]
    assert f"“{top['name']}” is 33" in html
    assert top["worth_share"] > 0.6
    assert "of the expected revenue in the next 180 days" in html


def test_every_part_with_data_is_on_the_page_with_a_reading(gathered):
    html = render_segments_report(gathered[3])
    for title in (
        "The segments",
        "Who moved since 1 June 2025",
        "RFM segments",
        "Cohorts: who stays",
        "How much hangs on",
        "By channel",
        "Why so many segments",
    ):
        assert title in html
    assert "“champions” holds" not in html
    assert html.count("<figcaption></figcaption>") == 0
    assert "http" not in html.replace("http://www.w3.org", "")
    assert render_segments_report(gathered[3]) == html


def test_what_is_not_there_is_left_out(gathered, tmp_path):
    _, snapshots, done, _ = gathered
    alone = gather_segments(CONFIG, CompanyPaths(tmp_path), CUTOFF, done.kept, FEATURES, snapshots, verdict=done.words)
    html = render_segments_report(alone)
    for title in ("RFM segments", "Cohorts", "How much hangs on", "By channel", "What is left after costs"):
        assert f"<h2>{title}" not in html
    assert alone.worth is not None
    assert not alone.worth.is_expected
    assert "no value model is in use yet" in html


def test_without_segments_the_page_says_why(gathered):
    paths, snapshots, _, _ = gathered
    html = render_segments_report(gather_segments(CONFIG, paths, CUTOFF, None, FEATURES, snapshots, verdict="There are only 5 accounts."))
    assert "No segments were found among 150 accounts." in html
    assert "There are only 5 accounts." in html
    assert "The segments</h2>" not in html


def test_the_figures_are_the_same_in_metrics_and_tables(gathered):
    inputs = gathered[3]
    metrics = inputs.metrics()
    assert metrics["n_segments"] == 3
    moved = inputs.migration[inputs.migration["segment_before"] != inputs.migration["segment_now"]]["n"].sum()
    assert metrics["moved_share"] == pytest.approx(moved / 150)
    assert {"profile", "migration", "choice", "by_rfm_segment", "cohort_retention", "cohort_revenue"} <= set(inputs.tables())


def test_cohorts_leave_unfinished_months_empty_and_sum_revenue():
    cohorts = build_cohorts(make_months())
    assert cohorts is not None
    assert cohorts.by == "month"
    assert cohorts.retention.loc["2025-01", 3] == pytest.approx(0.4)
    assert cohorts.retention[3].isna()["2025-04"]
    assert cohorts.revenue.T["2025-01"].to_list()[:3] == [60.0, 110.0, 150.0]
    assert cohorts.n_accounts.tolist() == [10, 10, 10, 10]


def test_a_quarter_counts_once_all_its_months_are_over():
    months = pd.concat(
        [make_months().assign(cohort_month=lambda f, y=y: f["cohort_month"] + pd.DateOffset(months=4 * y)) for y in range(4)]
    )
    cohorts = build_cohorts(months)
    assert cohorts is not None
    assert cohorts.by == "quarter"
    assert cohorts.n_accounts["2025 Q1"] == 30
    assert np.isnan(cohorts.retention.loc["2025 Q1"].get(6, np.nan))
    assert cohorts.retention.loc["2025 Q1", 3] == pytest.approx(0.4)


def test_concentration_is_each_in_its_own_order():
    tenths = concentrate(pd.Series([1.0] * 100), pd.Series([0.0] * 90 + [1.0] * 10))
    assert tenths["actual"].tolist() == [1.0] + [0.0] * 9
    assert tenths["expected"].tolist() == pytest.approx([0.1] * 10)


def test_snapshots_of_several_marts_are_put_together_up_to_the_cutoff():
    marts = [
        make_accounts("2025-07-01").head(5),
        make_accounts("2025-07-01").iloc[3:8],
        make_accounts("2025-08-01"),
        make_accounts("2025-05-01"),
    ]
    found = pick_snapshots(marts, date(2025, 7, 15))
    assert len(found.newest) == 8
    assert (found.as_of_date, found.date_before) == (date(2025, 7, 1), date(2025, 5, 1))
    alone = pick_snapshots(marts[:2], date(2025, 7, 15))
    assert alone.date_before is None
    assert alone.before.empty


def test_accounts_come_in_their_own_order_whatever_that_of_the_marts() -> None:
    marts = [make_accounts("2025-06-01"), make_accounts(CUTOFF, 1)]
    found = pick_snapshots(marts, date(2025, 7, 1))
    shuffled = pick_snapshots([mart.sample(frac=1, random_state=3) for mart in marts], date(2025, 7, 1))
    pd.testing.assert_frame_equal(found.newest, shuffled.newest)
    pd.testing.assert_frame_equal(found.before, shuffled.before)


def test_accounts_older_than_the_orders_are_in_no_cohort_and_their_number_is_told() -> None:
    months = make_months()
    older = months[months["cohort_month"] == pd.Timestamp("2025-01-01")].assign(is_older=True, n_accounts=700)
    cohorts = build_cohorts(pd.concat([make_months().assign(is_older=False), older]))
    assert cohorts is not None
    assert cohorts.n_accounts.tolist() == [10, 10, 10, 10]
    assert "700 accounts that signed up before orders are on file (January 2025)" in read_first_cohort(cohorts)
    alone = build_cohorts(make_months())
    assert alone is not None
    assert read_first_cohort(alone) == ""


def judged(inputs, **figures: float):
    """The same page's inputs with other figures of the chosen number."""
    assert inputs.kept is not None
    choice = inputs.kept.choice.copy()
    for name, value in figures.items():
        choice.loc[choice["is_chosen"].astype(bool), name] = value
    return replace(inputs, kept=replace(inputs.kept, choice=choice))


def test_the_headline_says_when_other_samples_would_cut_other_segments(gathered):
    shaky = headline(judged(gathered[3], stability=0.6))
    assert "fall into" not in shaky
    assert "are cut into 3 segments that other samples would cut differently" in shaky
    assert "whose borders are mostly drawn, not found" in headline(judged(gathered[3], stability=0.9, silhouette=0.2))
    assert "fall into 3 segments." in headline(judged(gathered[3], stability=0.9, silhouette=0.4))


@pytest.mark.parametrize("gate", [{"is_promoted": False, "verdict": "not_calibrated"}, None])
def test_expectations_of_a_refused_model_are_not_shown(gathered, tmp_path, gate):
    paths, snapshots, done, _ = gathered
    own = CompanyPaths(tmp_path)
    _write(
        own.reports / CUTOFF / "value" / "predictions.parquet", pd.read_parquet(paths.reports / CUTOFF / "value" / "predictions.parquet")
    )
    if gate:
        (own.reports / CUTOFF / "value" / "gate.json").write_text(json.dumps(gate))
    inputs = gather_segments(CONFIG, own, CUTOFF, done.kept, FEATURES, snapshots, verdict=done.words)
    assert list(inputs.concentration) == ["group", "actual"]
    assert "top10_share_expected" not in inputs.metrics()
    html = render_segments_report(inputs)
    assert "it was not put into use" in html
    assert "the model had expected" not in html


def test_the_page_says_that_no_model_of_leaving_is_in_use(gathered, tmp_path):
    _, snapshots, done, _ = gathered
    churn = Target(name="churn", kind="churn", horizon_days=90)
    asked = CONFIG.model_copy(update={"targets": (*CONFIG.targets, churn)})
    own, said = CompanyPaths(tmp_path), "because no model of leaving is in use"
    accounts = snapshots.newest[["account_id", "as_of_date"]].assign(lifecycle_stage=["retain", "lost", "develop"] * 50)
    for score, config, is_said in ((np.nan, asked, True), (0.2, asked, False), (np.nan, CONFIG, False)):
        _write(own.root / "reporting" / "rpt_account_360.parquet", accounts.assign(churn_score=score))
        inputs = gather_segments(config, own, CUTOFF, done.kept, FEATURES, snapshots, verdict=done.words)
        assert "lifecycle_stage" in inputs.groups
        assert (said in render_segments_report(inputs)) == is_said, (score, is_said)


def test_one_account_that_is_new_is_new(gathered):
    inputs = gathered[3]
    moves = pd.DataFrame({"segment_before": ["a", "(new)", "b"], "segment_now": ["a", "a", "(no longer there)"], "n": [1, 1, 1]})
    text = read_migration(moves, inputs)
    assert text.startswith("Of 1 account that was here on 1 June 2025 too, 0")
    assert text.endswith("1 is new, 1 is no longer there.")


def test_the_page_says_who_is_not_described(gathered):
    html = render_segments_report(replace(gathered[3], n_on_file=200))
    assert "Of 200 accounts on file, 50 are not among these" in html
    assert "accounts on file" not in render_segments_report(gathered[3])


def test_shares_left_after_costs_are_ranked_only_where_they_differ():
    alike = pd.DataFrame({"level": ["a", "b", "(all)"], "revenue": [100.0, 1000.0, 1100.0], "profit": [75.0, 751.0, 826.0]})
    assert read_profit(alike).endswith("75\u00a0% is left, much the same in every segment.")
    apart = alike.assign(profit=[75.0, 500.0, 575.0])
    assert "most in “a” (75\u00a0%), least in “b” (50\u00a0%)" in read_profit(apart)
