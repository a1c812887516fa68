"""What a publisher corrects of a frame from the app is a new version; nobody else may, and what can't be is refused."""

from __future__ import annotations

import pandas as pd
import pytest

from clv_platform.review.access import Person
from clv_platform.review.app.corrections import publish_corrected
from clv_platform.review.frames.catalogue import list_versions, read_rows
from clv_platform.review.frames.info import FrameError, FrameInfo
from clv_platform.review.frames.publishing import publish_frame
from clv_platform.review.frames.store import ReviewStore

ANNA = Person("anna", "publisher")
REASONS = pd.DataFrame({"row": [0], "feature": ["plan"], "value": ["2"], "effect": [1.0]})


@pytest.fixture
def frame(store: ReviewStore) -> FrameInfo:
    rows = pd.DataFrame(
        {
            "account_id": [f"A{n}" for n in range(40)],
            "plan": [1, 2] * 20,
            "note": ["a", "b"] * 20,
            "secret": "x",
            "y": ["no", "yes"] * 20,
            "guess": ["no"] * 40,
        }
    )
    return publish_frame(
        store, rows, "Plans", roles={"y_true": "y", "y_pred": "guess"}, private=["secret"], target="upgrade", model_id="m1",
        extras={"reasons": REASONS},
    )  # fmt: skip


def test_a_correction_is_a_new_version_with_the_same_rows_and_reasons(store: ReviewStore, frame: FrameInfo) -> None:
    made = publish_corrected(store, frame, ANNA, "plan", "category", "slice", " The plan ")
    column = made.column("plan")
    assert (column.type, column.role, column.label, column.levels) == ("category", "slice", "The plan", ("1", "2"))
    assert (made.version, made.kind, made.positive, made.target, made.model_id) == (2, "binary", "yes", "upgrade", "m1")
    assert read_rows(made)["account_id"].tolist() == read_rows(frame)["account_id"].tolist()
    assert (made.folder / "reasons.parquet").is_file()
    assert [one.version for one in list_versions(store, frame.slug)] == [2, 1]
    assert list_versions(store, frame.slug)[1] == frame


@pytest.mark.parametrize(
    ("person", "column", "type_", "role", "says"),
    [
        (Person("vera", "viewer"), "plan", "category", None, "may not publish"),
        (Person("rolf", "reviewer"), "plan", "category", None, "may not publish"),
        (ANNA, "plan", None, None, "nothing would change"),
        (ANNA, "note", "number", None, "can't be read as number"),
        (ANNA, "plan", "king", None, "expected one of category"),
        (ANNA, "plan", None, "y_true", "publish it again from Python"),
        (ANNA, "y", "text", None, "its type follows"),
        (ANNA, "y", None, "feature", "publish it again from Python"),
        (ANNA, "secret", "text", None, "found 'secret'"),
        (ANNA, "nothing", "text", None, "found 'nothing'"),
    ],
)
def test_what_may_not_or_cannot_be_corrected_is_refused_in_words(
    store: ReviewStore, frame: FrameInfo, person: Person, column: str, type_: str | None, role: str | None, says: str
) -> None:
    with pytest.raises(FrameError, match=says):
        publish_corrected(store, frame, person, column, type_, role, None)
    assert len(list_versions(store, frame.slug)) == 1
