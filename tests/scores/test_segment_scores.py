"""Segments of accounts by month, and who moved."""

import numpy as np
import pandas as pd
import pytest

from clv_platform.models.segments import KeptSegments, SegmentModel
from clv_platform.models.segments.scaling import Scaling
from clv_platform.scores.segments import SEGMENT_SCHEMA, assign_segments, count_migration, empty_segments, read_segments, write_segments


def make_kept(model_id: str = "2025-06-01-abc") -> KeptSegments:
    """Two segments, around 0 and around 10."""
    model = SegmentModel(Scaling(("x",), (False,), (0.0,), (0.0,), (1.0,)), np.array([[0.0], [3.0]]), ("small", "big"))
    return KeptSegments(model_id, "2025-06-01", "2025-06-01", 3, {"features": ["x"]}, model, pd.DataFrame(), pd.DataFrame())


def make_accounts(day: str, **x: float) -> pd.DataFrame:
    return pd.DataFrame({"account_id": list(x), "as_of_date": pd.Timestamp(day), "x": list(x.values())})


def test_accounts_go_to_the_nearest_segment_sorted_by_account():
    now = assign_segments(make_kept(), make_accounts("2025-07-01", b=2.9, a=0.2, c=float("nan")), cutoff="2025-07-01")
    assert now["account_id"].tolist() == ["a", "b", "c"]
    assert now["segment"].tolist() == ["small", "big", "small"]
    assert now["segment_number"].tolist() == [1, 2, 1]
    assert set(now.columns) == set(SEGMENT_SCHEMA.names)


def test_an_account_twice_is_refused():
    with pytest.raises(ValueError, match="one row per account"):
        assign_segments(make_kept(), pd.concat([make_accounts("2025-07-01", a=1.0)] * 2), cutoff="2025-07-01")


def test_migration_counts_those_who_stayed_moved_came_and_went():
    before = assign_segments(make_kept(), make_accounts("2025-06-01", a=0.0, b=0.0, c=3.0, d=3.0), cutoff="2025-07-01")
    now = assign_segments(make_kept(), make_accounts("2025-07-01", a=0.0, b=3.0, c=3.0, e=0.0), cutoff="2025-07-01")
    counts = {(row.segment_before, row.segment_now): (row.n, row.share) for row in count_migration(before, now).itertuples()}
    assert counts == {
        ("small", "small"): (1, 0.5),
        ("small", "big"): (1, 0.5),
        ("big", "big"): (1, 0.5),
        ("big", "(no longer there)"): (1, 0.5),
        ("(new)", "small"): (1, 1.0),
    }


def test_snapshots_in_different_segments_are_not_compared():
    before = assign_segments(make_kept("old-1"), make_accounts("2025-06-01", a=0.0), cutoff="2025-07-01")
    now = assign_segments(make_kept("new-1"), make_accounts("2025-07-01", a=0.0), cutoff="2025-07-01")
    with pytest.raises(ValueError, match="two models"):
        count_migration(before, now)


def test_the_file_gives_back_what_was_written(tmp_path):
    now = assign_segments(make_kept(), make_accounts("2025-07-01", a=0.0), cutoff="2025-07-01")
    path = write_segments(now, tmp_path / "history" / "2025-07-01.parquet")
    pd.testing.assert_frame_equal(read_segments(path), now)
    assert len(read_segments(write_segments(empty_segments(), tmp_path / "none.parquet"))) == 0
