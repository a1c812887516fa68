"""Feedback's way back: a slice called wrong is measured on the next model, named in its report and a check of the graph."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dagster import materialize

from assets.checks.reviewed_slices import judge_reviewed
from assets.company import load_company
from assets.review import build_feedback_asset
from assets.reviewed import columns_to_slice, name_reviewed
from clv_platform.config import ValueTiers
from clv_platform.evaluation import evaluate_binary
from clv_platform.reports.sections.reviewers import build_reviewers, build_reviewers_of, read_corrections
from clv_platform.reports.tables import slices_table
from clv_platform.review.feedback.exporting import read_exported, write_feedback
from clv_platform.review.feedback.named import name_groups, named_columns
from clv_platform.review.feedback.records import Feedback
from clv_platform.review.feedback.said import list_said
from clv_platform.review.feedback.slices import COLUMNS, NOTHING_NEW, judge_reviewed_slices
from clv_platform.review.feedback.store import open_feedback
from clv_platform.review.frames.catalogue import read_rows
from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.frames.publishing import publish_frame
from clv_platform.review.frames.runs import publish_tier_frame
from clv_platform.review.frames.store import ReviewStore, company_store
from clv_platform.review.queries.filters import Filter, write_filters
from clv_platform.review.queries.overview import overview
from clv_platform.scores.value import TIERS
from clv_platform.settings import CompanyPaths
from clv_platform.warehouse import open_warehouse

ROLES = {"y_true": "segment", "y_pred": "predicted_segment", "account_id": "account_id"}
GERMANY = Filter("country", "in", ("Germany",))
VERY_HIGH = Filter("predicted_segment", "in", ("very high",))


def wrong(*filters: Filter, **more: object) -> Feedback:
    fields = {"frame": "planted", "version": 1, "scope": "slice", "comment": "too many", "author": "Ada", "verdict": "wrong"}
    return Feedback(**(fields | {"filters": write_filters(filters)} | more))  # type: ignore[arg-type]


def by_metric(table: pd.DataFrame) -> dict[Any, Any]:
    return {row["metric"]: row for row in table.to_dict("records")}


@pytest.fixture
def info(store: ReviewStore, planted: ModuleType) -> FrameInfo:
    return publish_frame(store, planted.planted_frame(), "Planted", roles=ROLES)


def test_a_slice_that_was_called_wrong_fails_until_the_model_is_right_there(
    store: ReviewStore, planted: ModuleType, info: FrameInfo
) -> None:
    open_feedback(store).add(wrong(GERMANY, VERY_HIGH))
    said = open_feedback(store).list()
    rows = by_metric(judge_reviewed_slices(info, said, store=store))
    assert list(rows) == ["recall:very high", "precision:very high"]
    row = rows["precision:very high"]
    assert row["n"] == planted.N_GERMANY
    assert (row["value"], row["overall"]) == pytest.approx((0.3, 0.7))
    assert row["floor"] == pytest.approx(0.65)
    assert not row["holds"]
    assert row["is_new"] is False or not row["is_new"]
    assert row["sentence"].endswith(NOTHING_NEW)
    mended = planted.planted_frame()
    is_theirs = (mended["country"] == "Germany") & mended[["segment", "predicted_segment"]].eq("very high").any(axis=1)
    mended.loc[is_theirs, "predicted_segment"] = mended.loc[is_theirs, "segment"]
    after = by_metric(judge_reviewed_slices(publish_frame(store, mended, "Planted", roles=ROLES), said, store=store))
    assert all(figure["holds"] for figure in after.values())
    assert all(figure["is_new"] and NOTHING_NEW not in figure["sentence"] for figure in after.values())
    assert after["precision:very high"]["before"] == pytest.approx(0.3)
    assert "it was 30 % when this was said" in after["precision:very high"]["sentence"].replace("\u00a0", " ")


def test_only_slices_called_wrong_whose_columns_exist_are_measured(info: FrameInfo) -> None:
    said = [
        wrong(GERMANY),
        wrong(GERMANY, verdict="right"),
        wrong(Filter("continent", "in", ("Europe",))),
        wrong(GERMANY, scope="frame"),
        wrong(Filter("employees", "range", (1.0, 1.0)), id="few"),
    ]
    found = judge_reviewed_slices(info, said)
    assert found["metric"].tolist() == ["accuracy", "accuracy"]
    assert found["holds"].tolist() == [False, pd.NA]
    assert judge_reviewed_slices(replace(info, target="churn"), [wrong(GERMANY, target="upgrade")]).empty


def test_the_report_opens_with_what_reviewers_said(info: FrameInfo, tmp_path: Path) -> None:
    table = judge_reviewed_slices(
        info, [wrong(GERMANY, comment="<b>wrong</b>", answer="more data"), wrong(Filter("country", "in", ("France",)), id="2")]
    )
    table.to_parquet(tmp_path / "reviewed_slices.parquet")
    extras = {"reviewed_slices": pd.read_parquet(tmp_path / "reviewed_slices.parquet")}
    section = build_reviewers(SimpleNamespace(extras=extras))  # type: ignore[arg-type]
    assert section is not None
    assert "In 1 of 2 this model is as good" in str(section.blocks[0])
    assert "country: Germany" in str(section.blocks[1])
    assert build_reviewers(SimpleNamespace(extras={})) is None  # type: ignore[arg-type]


def test_the_check_fails_with_the_sentence_of_the_slice(info: FrameInfo) -> None:
    failed = judge_reviewed(judge_reviewed_slices(info, [wrong(GERMANY)]))
    assert not failed.passed
    assert "Germany" in (failed.description or "")
    assert judge_reviewed(pd.DataFrame(columns=list(COLUMNS))).passed
    assert judge_reviewed(judge_reviewed_slices(info, [wrong(Filter("country", "in", ("France",)))])).passed


def test_a_check_that_passes_says_when_nothing_new_was_judged(store: ReviewStore, planted: ModuleType, info: FrameInfo) -> None:
    said = [wrong(Filter("country", "in", ("France",)))]
    passed = judge_reviewed(judge_reviewed_slices(replace(info, name="Planted"), [replace(said[0], frame=info.slug)], store=store))
    assert passed.passed
    assert passed.description == "All hold. 1 of 1 are of the model and rows that were marked: nothing new to judge."
    assert judge_reviewed(judge_reviewed_slices(info, said)).description == "All hold."  # what was looked at isn't known


def test_feedback_arrives_in_the_raw_layer_and_an_earlier_edition_makes_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLV_REVIEW_DIR", raising=False)
    company = load_company()
    company = replace(company, paths=CompanyPaths(tmp_path), settings=replace(company.settings, review_dir=None, review_database=None))

    def arrived() -> list[tuple]:
        assert materialize([build_feedback_asset(company)]).success
        with open_warehouse(company.paths.warehouse, company.settings, read_only=True) as connection:
            return connection.execute("select feedback_id, edition, state, taken_up_at is not null from raw.review_feedback").fetchall()

    assert arrived() == []
    feedback = open_feedback(company_store(company.settings, company.paths))
    one = feedback.add(wrong(GERMANY, target="upgrade"))
    assert arrived() == [(one.id, 1, "open", False)]
    feedback.edit(one.id, "Bob", 1, state="taken_up")
    assert arrived() == [(one.id, 2, "taken_up", True)]
    assert read_exported(company.paths.review_feedback)[0].filters == "in.country=Germany"


def test_named_groups_hold_the_rows_that_the_app_shows(mixed: dict) -> None:
    info, rows = mixed["regression"]
    wanted = (
        (Filter("country", "in", ("Germany", None)),),
        (Filter("size", "range", (2.0, 5.0)), Filter("note", "text", ("NO. 1",))),
        (Filter("seen_at", "date", ("2025-03-01", "2025-05-31")),),
        (Filter("is_trial", "in", ("true",)), Filter("revenue", "range", (None, 80.0))),
        (Filter("city", "is_null", (True,)),),
    )
    for filters in wanted:
        named = name_groups([wrong(*filters)], "upgrade", rows)
        assert [int(members.sum()) for members in named.values()] == [overview(info, filters).n], filters
    assert name_groups([wrong(Filter("continent", "in", ("Europe",)))], "upgrade", rows) == {}
    said = [wrong(GERMANY, VERY_HIGH), wrong(GERMANY, target="churn"), wrong(Filter("size", "range", (1.0, 2.0)))]
    assert named_columns(said, "upgrade", set(rows.columns)) == ("country", "size")
    assert named_columns(said, "upgrade", set(rows.columns), private=("size",)) == ("country",)


def test_value_tiers_are_judged_where_a_manager_called_the_top_tier_wrong_on_a_frame_of_their_own(
    store: ReviewStore, info: FrameInfo, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    n = 2_000
    country, spent = np.where(np.arange(n) % 4 == 0, "Germany", "France"), random.gamma(0.6, 300.0, n) * (random.random(n) < 0.7)
    expected = np.where(country == "Germany", random.permutation(spent), spent * random.normal(1, 0.05, n))
    rows = pd.DataFrame({"account_id": [f"A{k}" for k in range(n)], "as_of_date": pd.Timestamp("2025-07-01"), "y_true": spent})
    rows.assign(y_pred=expected, lo=0.0, hi=expected * 2, country=country).to_parquet(tmp_path / "predictions.parquet")
    (tmp_path / "metrics.json").write_text('{"model_id": "m1"}')
    tiers, is_new = publish_tier_frame(store, tmp_path, "value", ValueTiers(), private=())
    assert (is_new, tiers.kind, tiers.classes, tiers.target) == (True, "multiclass", TIERS, "value")
    assert publish_tier_frame(store, tmp_path, "value", ValueTiers()) == (tiers, False)
    counts = read_rows(tiers)["tier_true"].value_counts()
    assert counts["very high"] == pytest.approx(200, abs=1)
    assert counts["low"] == pytest.approx(800, abs=1)
    said = [wrong(GERMANY, VERY_HIGH, frame="planted", version=1)]
    found = by_metric(judge_reviewed_slices(tiers, said, store=store))
    assert found["recall:very high"]["slice"] == "country: Germany; predicted tier: very high"
    assert not found["recall:very high"]["holds"]
    assert found["recall:very high"]["overall"] > 0.5 > found["recall:very high"]["value"]
    assert judge_reviewed_slices(tiers, said).empty  # without the frame that was looked at nobody knows what its columns mean


def test_what_was_said_is_listed_without_accounts_and_only_what_concerns_the_target() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    said = [
        wrong(GERMANY, id="group", created_at=now),
        wrong(id="row", scope="row", account_id="A1", frame="upgrade-frame", created_at=now + timedelta(1), corrected_label="upgraded"),
        wrong(GERMANY, id="churn", target="churn", created_at=now),
        wrong(id="frame of a person", scope="frame", created_at=now),
    ]
    found = list_said(said, "upgrade", ["upgrade-frame"])
    assert found["feedback_id"].tolist() == ["row", "group"]
    assert found["about"].tolist() == ["one account", "country: Germany"]
    assert found["proposes_label"].tolist() == [True, False]
    section = build_reviewers_of({"reviewers": found})
    assert section is not None
    assert "2 comments (2 “wrong”): 2 open." in str(section.blocks[0])


def test_the_report_counts_corrected_labels_by_where_they_are() -> None:
    places = ["training"] * 9 + ["test"] * 3 + ["later", "not_taken_up"]
    told = read_corrections(pd.DataFrame({"place": places, "is_used": True}))
    assert told.startswith("12 labels corrected by reviewers: 9 in training, 3 in test rows. Test rows keep")
    assert "1 more was taken up on or after the cutoff" in told
    assert "1 not taken up yet" in told
    assert "None is used" in read_corrections(pd.DataFrame({"place": places, "is_used": False}))


def test_a_group_called_wrong_is_a_row_of_the_next_slices_and_stands_first_in_the_report(tmp_path: Path) -> None:
    random, n = np.random.default_rng(1), 600
    country, score = np.where(np.arange(n) % 3 == 0, "Germany", "France"), random.random(n)
    y = (random.random(n) < score).astype(float)
    accounts, days = np.array([f"A{k}" for k in range(n)]), np.full(n, "2025-07-01", dtype="datetime64[D]")
    slices = pd.DataFrame({"plan": np.where(np.arange(n) % 2, "P1", "P2"), "country": country})
    simple, options = {"prevalence": np.full(n, 0.5)}, {"f1_threshold": 0.5, "split": "time_last_1", "model_id": "m", "n_bootstraps": 50}
    found = evaluate_binary(y, score, accounts, days, baselines=simple, slices=slices, **options)
    said = [wrong(GERMANY, id="1"), wrong(Filter("continent", "in", ("Europe",)), id="2"), wrong(GERMANY, id="3", target="churn")]
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    write_feedback([replace(one, created_at=moment, edited_at=moment) for one in said], tmp_path / "review_feedback.parquet")
    config = load_company().config
    room: Any = SimpleNamespace(
        company=SimpleNamespace(config=config, paths=CompanyPaths(tmp_path)),
        target=config.target("upgrade"),
        read_training=lambda cutoff: {"corrections": {"is_used": True, "n_training": 9, "n_test": 3}},
    )
    named = name_reviewed(room, "2025-10-01", found)
    rows = {(row["column"], row["level"]): row for row in named.slices.to_dict("records")}
    own, as_level = rows["marked as wrong", "country: Germany"], rows["country", "Germany"]
    assert len(rows) == len(found.slices) + 1
    assert (own["n"], own["n_positive"], own["base_rate"]) == (200, as_level["n_positive"], as_level["base_rate"])
    assert own["pr_auc"] == pytest.approx(as_level["pr_auc"], abs=1e-9)
    assert (named.metrics["n_labels_corrected_training"], named.metrics["n_labels_corrected_test"]) == (9, 3)
    inputs: Any = SimpleNamespace(config=config, target=room.target, features=(), slices=named.slices)
    assert slices_table(inputs).rows[0][0].text == "marked as wrong: country: Germany"
    assert columns_to_slice(room, ["territory", "country", "users"]) == ["territory", "country"]
