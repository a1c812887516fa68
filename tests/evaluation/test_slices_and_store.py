"""Slices add up and files come back as they were written."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from clv_platform.evaluation import decide_gate, read_evaluation, write_evaluation
from clv_platform.metrics import f1_at, pr_auc


@pytest.fixture(scope="module")
def sliced(signal_rows, evaluation_of):
    n = len(signal_rows["y"])
    random = np.random.default_rng(0)
    columns = pd.DataFrame(
        {
            "territory": pd.Categorical(random.choice(["T1", "T2", "T3"], n)),
            "mrr": np.where(random.random(n) < 0.1, np.nan, random.lognormal(size=n)),
            "seats": random.integers(1, 4, n).astype(float),
            "industry": np.array([f"i{i}" for i in random.integers(0, 40, n)], dtype=object),
        }
    )
    return evaluation_of(signal_rows, slices=columns)


def test_the_slices_of_a_column_add_up_to_all_rows(sliced):
    table = sliced.slices
    for column, part in table[table["depth"] < 2].groupby("column"):
        assert (part["n"].sum(), part["n_positive"].sum()) == (4500, sliced.metrics["n_positive"]), column


def test_numbers_are_cut_at_quartiles_and_gaps_are_a_level(sliced):
    part = sliced.slices[sliced.slices["column"] == "mrr"]
    assert len(part) == 5
    assert part["level"].iloc[-1] == "(missing)"
    assert part["n"].iloc[:4].max() - part["n"].iloc[:4].min() <= 1
    assert sliced.slices.loc[sliced.slices["column"] == "seats", "level"].tolist() == ["1", "2", "3"]


def test_the_many_levels_of_a_column_are_shown_up_to_twelve_and_the_rest_together(sliced):
    part = sliced.slices[sliced.slices["column"] == "industry"]
    assert len(part) == 13
    assert part["level"].iloc[-1] == "(other)"


def test_figures_of_a_slice_are_those_of_its_rows_and_lie_within_their_intervals(sliced):
    row = sliced.slices.set_index(["column", "level"]).loc[("territory", "T2")]
    rows = sliced.predictions[sliced.predictions["territory"] == "T2"]
    y, score = rows["y_true"].to_numpy(), rows["score"].to_numpy()
    assert row["pr_auc"] == pytest.approx(pr_auc(y, score))
    assert row["f1"] == pytest.approx(f1_at(y, score, 0.15))
    assert row["recall"] == pytest.approx(y[score >= 0.15].sum() / y.sum())
    assert row["observed_expected"] == pytest.approx(y.sum() / score.sum())
    for name in ("base_rate", "precision", "recall", "f1", "pr_auc", "lift_at_20", "log_loss", "observed_expected"):
        assert row[f"{name}_lo"] <= row[name] <= row[f"{name}_hi"], name


def test_files_come_back_as_they_were_written(sliced, tmp_path):
    arms = pd.DataFrame({"arm": ["none", "smote"], "pr_auc": [0.2, 0.1], "is_chosen": [True, False]})
    folder = tmp_path / "2024-06-01" / "upgrade"
    written = write_evaluation(sliced, arms, folder)
    stored = read_evaluation(folder)
    assert json.loads((folder / "metrics.json").read_text()) == written == stored.evaluation.metrics
    assert stored.gate == decide_gate(sliced)
    pd.testing.assert_frame_equal(stored.arms, arms)
    pd.testing.assert_frame_equal(stored.evaluation.leaderboard, sliced.leaderboard)
    pd.testing.assert_frame_equal(stored.evaluation.slices, sliced.slices)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["metrics.json", "gate.json"]
        + [f"{name}.parquet" for name in ["arms", "gains", "leaderboard", "lift", "pr_curve", "predictions", "reliability", "slices"]]
    )


def test_undefined_figures_are_null_in_the_file_and_nan_when_read(rows_of, evaluation_of, tmp_path):
    evaluation = evaluation_of(rows_of(60, 0.0, 3) | {"y": np.zeros(180)})
    write_evaluation(evaluation, pd.DataFrame({"arm": ["none"]}), tmp_path)
    assert json.loads((tmp_path / "metrics.json").read_text())["pr_auc"] is None
    assert math.isnan(read_evaluation(tmp_path).evaluation.metrics["pr_auc"])


def test_a_folder_without_an_evaluation_says_what_to_run(tmp_path):
    with pytest.raises(FileNotFoundError, match="Run the evaluation of this target and cutoff first"):
        read_evaluation(tmp_path)


def test_files_of_another_version_are_refused(sliced, tmp_path):
    write_evaluation(sliced, pd.DataFrame({"arm": ["none"]}), tmp_path)
    content = json.loads((tmp_path / "metrics.json").read_text()) | {"schema_version": 99}
    (tmp_path / "metrics.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="expected schema_version 1, found 99"):
        read_evaluation(tmp_path)
