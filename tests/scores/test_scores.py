from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clv_platform.explain import Reasons
from clv_platform.scores import SCORE_SCHEMA, empty_scores, history_path, read_scores, score_examples, write_scores
from clv_platform.scores.history import STAMP


@pytest.fixture
def snapshot(small_examples):
    few = small_examples.take(np.arange(100))
    return replace(few, as_of_date=np.full(100, "2026-01-01", dtype="datetime64[D]"))


def _score(small_artifact, rows, **options):
    n = len(rows.y)
    reasons = Reasons([["first", "second"]] * n, [["up"]] * n, [[]] * n, ["raised from 1 % to 2 %"] * n)
    return score_examples(small_artifact, rows, reasons, **options)


def test_accounts_are_ranked_best_first(small_artifact, snapshot):
    frame = _score(small_artifact, snapshot, cutoff="2026-01-01")
    assert frame["score_rank"].tolist() == list(range(1, 101))
    assert frame["raw_score"].is_monotonic_decreasing
    assert frame["score"].between(0, 1).all()
    assert frame["score_percentile"].iloc[0] == 1
    assert frame["score_percentile"].iloc[-1] == 0.01
    assert frame[["reasons", "reasons_up", "reasons_down", "chance_words"]].drop_duplicates().to_numpy().tolist() == [
        ["first · second", "up", "", "raised from 1 % to 2 %"]
    ]
    assert frame[["target", "cutoff", "is_champion"]].drop_duplicates().to_numpy().tolist() == [["upgrade", "2026-01-01", True]]
    raw = dict(zip(snapshot.account_id, small_artifact.raw_score(snapshot.X), strict=True))
    assert frame["raw_score"].tolist() == [raw[account] for account in frame["account_id"]]


def test_equal_scores_are_ordered_by_account_whatever_the_order_of_rows(small_artifact, snapshot):
    same = replace(snapshot, X=pd.concat([snapshot.X.iloc[:1]] * 100, ignore_index=True))
    shuffled = same.take(np.random.default_rng(0).permutation(100))
    assert _score(small_artifact, shuffled)["account_id"].tolist() == sorted(snapshot.account_id)
    pd.testing.assert_frame_equal(_score(small_artifact, shuffled), _score(small_artifact, same))


def test_types_are_those_of_the_schema_and_survive_the_file(small_artifact, snapshot, tmp_path):
    frame = _score(small_artifact, snapshot)
    path = write_scores(frame, history_path(tmp_path, "2026-01-01", small_artifact.manifest.model_id))
    assert path.name == f"2026-01-01__{small_artifact.manifest.model_id}.parquet"
    assert pq.read_schema(path).remove_metadata() == SCORE_SCHEMA.append(STAMP)
    pd.testing.assert_frame_equal(read_scores(path).drop(columns="scored_at"), frame)
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_undated_scores_have_typed_null_dates(small_artifact, small_examples, tmp_path):
    frame = _score(small_artifact, small_examples.take(np.arange(5)))
    assert frame["as_of_date"].isna().all()
    assert frame["as_of_date"].dtype == pd.ArrowDtype(pa.date32())
    assert frame["cutoff"].tolist() == ["undated"] * 5
    assert pq.read_schema(write_scores(frame, tmp_path / "a.parquet")).field("as_of_date").type == pa.date32()


def test_empty_scores_are_typed_and_carry_the_verdict(tmp_path):
    frame = empty_scores("nothing_learnt")
    assert len(frame) == 0
    assert frame.columns.tolist() == SCORE_SCHEMA.names
    path = write_scores(frame, history_path(tmp_path, "undated", "none"))
    assert pq.read_schema(path).remove_metadata() == SCORE_SCHEMA.append(STAMP)
    assert read_scores(path).attrs["verdict"] == "nothing_learnt"


def test_account_that_appears_twice_is_refused(small_artifact, snapshot):
    twice = snapshot.take(np.array([0, 0, 1]))
    with pytest.raises(ValueError, match=r"found 3 rows of 2 accounts \(for instance 'a0000'\). Score one snapshot at a time"):
        _score(small_artifact, twice)


def test_reasons_of_other_rows_are_refused(small_artifact, snapshot):
    with pytest.raises(ValueError, match="expected reasons for 100 rows, found 1"):
        score_examples(small_artifact, snapshot, Reasons([["only one"]], [[]], [[]], ["raised"]))


def test_frame_of_another_shape_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="expected the columns of a list of scores"):
        write_scores(pd.DataFrame({"a": [1]}), tmp_path / "a.parquet")
    assert not list(tmp_path.iterdir())


def test_names_that_would_leave_the_folder_are_refused(tmp_path):
    with pytest.raises(ValueError, match="model_id: expected letters, digits and hyphens"):
        history_path(tmp_path, "2026-01-01", "../x")
