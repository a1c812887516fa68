"""Lists of expected amounts: ranked, tiers by shares, typed, and kept apart from chances."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clv_platform.config import ValueTiers
from clv_platform.datasets import SUMMARY_COLUMNS, ValueRows
from clv_platform.explain import Reasons
from clv_platform.scores import history_path, read_scores, write_scores
from clv_platform.scores.history import read_columns
from clv_platform.scores.value import VALUE_SCORE_SCHEMA, assign_tiers, empty_value_scores, score_value

SPEND = np.array([5.0, 100.0, 20.0, 20.0, 1.0, 0.0, 3.0, 2.0, 50.0, 7.0])
N = len(SPEND)


def make_rows(accounts: list[str] | None = None) -> ValueRows:
    ids = np.array(accounts or [f"A{i}" for i in range(N)], dtype=object)
    nothing = np.full(N, np.nan)
    summary = pd.DataFrame({name: np.zeros(N) for name in SUMMARY_COLUMNS})
    return ValueRows(
        pd.DataFrame(index=range(N)), summary, nothing, nothing, np.full(N, 180.0), ids, np.full(N, np.datetime64("2026-01-01")), ()
    )


def make_forecast(spend: np.ndarray = SPEND) -> Any:
    alive = np.where(spend > 5, 0.9, np.nan)
    return SimpleNamespace(
        spend=spend, spend_median=spend * 0.8, lo=spend * 0.1, hi=spend * 3, discounted=spend * 0.95, purchases=spend / 10,
        purchases_median=np.round(spend / 10), p_alive=alive,
    )  # fmt: skip


def make_scores(**options: Any) -> pd.DataFrame:
    artifact: Any = SimpleNamespace(manifest=SimpleNamespace(model_id="2026-01-01-abc", target="value", metrics={"total_error": 0.1}))
    reasons = Reasons([["first", "second"]] * N, [["up"]] * N, [[]] * N, ["words"] * N)
    options = {"forecast": make_forecast(), "rows": make_rows()} | options
    return score_value(artifact, options.pop("rows"), reasons, ValueTiers(), cutoff="2026-01-01", **options)


def test_the_most_valuable_come_first_and_equals_by_account():
    scores = make_scores()
    assert scores["account_id"].tolist()[:4] == ["A1", "A8", "A2", "A3"]
    assert scores["score_rank"].tolist() == list(range(1, N + 1))
    assert scores["score_percentile"].iloc[[0, -1]].tolist() == [1.0, 0.1]
    assert scores["reasons"].iloc[0] == "first · second"
    assert (scores["total_error"] == 0.1).all()


def test_tiers_have_the_shares_of_the_config():
    assert make_scores()["value_tier"].value_counts().to_dict() == {"low": 4, "mid": 3, "high": 2, "very high": 1}
    tiers = assign_tiers(np.arange(1, 1001), ValueTiers(low=0.5, mid=0.25, high=0.2, very_high=0.05))
    assert pd.Series(tiers).value_counts().to_dict() == {"low": 500, "mid": 250, "high": 200, "very high": 50}


def test_few_accounts_still_have_tiers():
    assert assign_tiers(np.array([1]), ValueTiers()).tolist() == ["mid"]
    assert assign_tiers(np.array([], dtype=int), ValueTiers()).tolist() == []


def test_only_the_chance_to_be_a_customer_may_be_missing():
    scores = make_scores()
    missing = scores.isna().sum()
    assert missing[missing > 0].index.tolist() == ["p_alive"]


def test_an_amount_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="expected amounts, found 1"):
        make_scores(forecast=make_forecast(np.where(SPEND == 100, np.nan, SPEND)))


def test_an_account_twice_is_refused():
    with pytest.raises(ValueError, match="one row per account"):
        make_scores(rows=make_rows(["A0"] * N))


def test_the_history_gives_back_what_was_written(tmp_path):
    scores = make_scores()
    path = write_scores(scores, history_path(tmp_path, "2026-01-01", "2026-01-01-abc"), VALUE_SCORE_SCHEMA)
    pd.testing.assert_frame_equal(read_scores(path).drop(columns="scored_at"), scores, check_dtype=False)


def test_a_list_says_when_it_was_written_and_writing_it_again_renews_that(tmp_path):
    path = history_path(tmp_path, "2026-01-01", "2026-01-01-abc")
    before = datetime.now(UTC).replace(tzinfo=None)
    first, again = (
        read_columns(write_scores(make_scores(), path, VALUE_SCORE_SCHEMA), ["account_id", "scored_at"])["scored_at"] for _ in range(2)
    )
    assert first.nunique() == again.nunique() == 1
    assert before <= first[0] < again[0] <= datetime.now(UTC).replace(tzinfo=None)


def test_a_list_of_an_older_version_does_not_say_when_it_was_written(tmp_path):
    pq.write_table(pa.Table.from_pandas(make_scores(), VALUE_SCORE_SCHEMA, preserve_index=False), tmp_path / "a.parquet")
    read = read_columns(tmp_path / "a.parquet", ["account_id", "scored_at"])
    assert (len(read), read["scored_at"].isna().all(), str(read["scored_at"].dtype)) == (N, True, "datetime64[us]")
    with pytest.raises(ValueError, match=r"found a file without outcome\. Score that cutoff again"):
        read_columns(tmp_path / "a.parquet", ["account_id", "outcome"])


def test_a_backtest_never_replaces_a_list_that_was_given_out(tmp_path):
    path = history_path(tmp_path, "2026-01-01", "2026-01-01-abc")
    write_scores(make_scores(), path, VALUE_SCORE_SCHEMA)
    write_scores(make_scores(is_champion=False), path, VALUE_SCORE_SCHEMA)
    assert read_scores(path)["is_champion"].all()


def test_without_a_champion_the_table_is_typed_and_says_why(tmp_path):
    path = write_scores(empty_value_scores("no model in use"), tmp_path / "none.parquet", VALUE_SCORE_SCHEMA)
    read = read_scores(path)
    assert list(read.columns) == [*VALUE_SCORE_SCHEMA.names, "scored_at"]
    assert read.attrs["verdict"] == "no model in use"


def test_other_columns_are_refused(tmp_path):
    with pytest.raises(ValueError, match="expected the columns of a list of scores"):
        write_scores(make_scores().drop(columns=["score_lo"]), tmp_path / "x.parquet", VALUE_SCORE_SCHEMA)
