"""Feedback's way back: a slice called wrong is measured on the next model, named in its report and a check of the graph."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pandas as pd
import pytest
from dagster import materialize

from assets.checks.reviewed_slices import judge_reviewed
from assets.company import load_company
from assets.review import build_feedback_asset
from clv_platform.reports.sections.reviewers import build_reviewers
from clv_platform.review.feedback.records import Feedback
from clv_platform.review.feedback.slices import COLUMNS, judge_reviewed_slices
from clv_platform.review.feedback.store import open_feedback
from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.frames.publishing import publish_frame
from clv_platform.review.frames.store import ReviewStore, company_store
from clv_platform.review.queries.filters import Filter, write_filters
from clv_platform.settings import CompanyPaths
from clv_platform.warehouse import read_parquet

ROLES = {"y_true": "segment", "y_pred": "predicted_segment", "account_id": "account_id"}
GERMANY = Filter("country", "in", ("Germany",))
VERY_HIGH = Filter("predicted_segment", "in", ("very high",))


def wrong(*filters: Filter, **more: object) -> Feedback:
    fields = {"frame": "planted", "version": 1, "scope": "slice", "comment": "too many", "author": "Ada", "verdict": "wrong"}
    return Feedback(**(fields | {"filters": write_filters(filters)} | more))  # type: ignore[arg-type]


@pytest.fixture
def info(store: ReviewStore, planted: ModuleType) -> FrameInfo:
    return publish_frame(store, planted.planted_frame(), "Planted", roles=ROLES)


def test_a_slice_that_was_called_wrong_fails_until_the_model_is_right_there(
    store: ReviewStore, planted: ModuleType, info: FrameInfo
) -> None:
    open_feedback(store).add(wrong(GERMANY, VERY_HIGH))
    said = open_feedback(store).list()
    row = judge_reviewed_slices(info, said).iloc[0]
    assert (row["metric"], row["n"]) == ("precision:very high", planted.N_GERMANY)
    assert (row["value"], row["overall"]) == pytest.approx((0.3, 0.7))
    assert row["floor"] == pytest.approx(0.65)
    assert not row["holds"]
    mended = planted.planted_frame()
    is_theirs = (mended["country"] == "Germany") & (mended["predicted_segment"] == "very high")
    mended.loc[is_theirs, "predicted_segment"] = mended.loc[is_theirs, "segment"]
    assert judge_reviewed_slices(publish_frame(store, mended, "Planted", roles=ROLES), said)["holds"].all()


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


def test_feedback_arrives_in_the_raw_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLV_REVIEW_DIR", raising=False)
    company = replace(load_company(), paths=CompanyPaths(tmp_path))
    feedback = open_feedback(company_store(replace(company.settings, review_dir=None), company.paths))
    one = feedback.add(wrong(GERMANY, target="upgrade"))
    assert materialize([build_feedback_asset(company)]).success
    table = read_parquet(company.paths.review_feedback)
    assert table["feedback_id"].tolist() == [one.id]
    assert table["filters"].tolist() == ["in.country=Germany"]
