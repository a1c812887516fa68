"""The table of slices: by several columns, with shrunk figures, whatever the columns hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss

from clv_platform.evaluation import evaluate_slices
from clv_platform.evaluation.slice_levels import code_levels
from clv_platform.metrics import pr_auc, wilson_interval

N = 6000


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(11)
    columns = pd.DataFrame({"territory": random.choice(["T1", "T2", "T3"], N), "plan": random.choice(["P1", "P2"], N)})
    score = random.beta(2, 6, N)
    return (random.random(N) < score).astype(float), score, columns


def evaluate(y, score, columns, accounts=None, **options):
    who = np.arange(y.size) if accounts is None else accounts
    settings: dict[str, Any] = {"seed": 0, "n_bootstraps": 50} | options
    return evaluate_slices(y, score[None], np.full((1, y.size), 0.3), who, columns, **settings)


def test_two_columns_together_have_the_figures_of_their_rows(rows):
    y, score, columns = rows
    table = evaluate(y, score, columns)
    assert table["depth"].tolist() == [0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2]
    row: Any = table.set_index(["column", "level"]).loc[("territory & plan", "T2 & P1")]
    mask = ((columns["territory"] == "T2") & (columns["plan"] == "P1")).to_numpy()
    called = score[mask] >= 0.3
    assert row["n"] == row["n_accounts"] == mask.sum()
    assert row["accuracy"] == pytest.approx(accuracy_score(y[mask], called), abs=1e-12)
    assert row["f1"] == pytest.approx(f1_score(y[mask], called), abs=1e-12)
    assert row["log_loss"] == pytest.approx(log_loss(y[mask], score[mask]), abs=1e-12)
    assert row["pr_auc"] == pytest.approx(pr_auc(y[mask], score[mask]), abs=1e-12)
    assert row["base_rate_lo"] == pytest.approx(float(wilson_interval(y[mask].sum(), mask.sum())[0]))
    for name in ("accuracy", "f1", "pr_auc", "lift_at_20", "log_loss", "observed_expected"):
        assert row[f"{name}_lo"] <= row[name] <= row[f"{name}_hi"], name
        assert row[f"{name}_shrunk_lo"] <= row[f"{name}_shrunk"] <= row[f"{name}_shrunk_hi"], name
    assert evaluate(y, score, columns, max_depth=1)["depth"].max() == 1


def test_binned_rankings_agree_with_exact_ones(rows):
    y, score, columns = rows
    exact, binned = evaluate(y, score, columns, exact=True), evaluate(y, score, columns, exact=False)
    assert np.abs(exact["pr_auc"] - binned["pr_auc"]).max() < 1e-3 * 5  # a thousandth on large groups; the smallest here has 1,000 rows
    assert np.abs(exact["lift_at_20"] - binned["lift_at_20"]).max() < 0.05


def test_rows_of_one_account_are_counted_once_and_widen_intervals(rows):
    y, score, columns = rows
    accounts = np.arange(N) // 3
    y, columns = np.repeat(y[::3], 3), columns.iloc[::3].loc[lambda f: f.index.repeat(3)].reset_index(drop=True)
    together, apart = evaluate(y, score, columns, accounts), evaluate(y, score, columns)
    assert (together["n_accounts"] * 3 == together["n"]).all()
    width = (together["base_rate_hi"] - together["base_rate_lo"]) / (apart["base_rate_hi"] - apart["base_rate_lo"])
    assert width.to_numpy() == pytest.approx(np.sqrt(3), abs=0.1)


def test_columns_with_fifty_thousand_levels_gaps_and_one_level(rows):
    y, score, _ = rows
    random = np.random.default_rng(12)
    y, score = np.tile(y, 10), np.tile(score, 10)
    n = y.size
    columns = pd.DataFrame(
        {
            "code": random.integers(0, 50_000, n).astype(str),
            "gaps": pd.Series(random.choice(["a", "b"], n)).where(random.random(n) > 0.2),
            "one": "same",
            "none": np.nan,
        }
    )
    table: Any = evaluate(y, score, columns, n_bootstraps=20).set_index(["column", "level"])
    assert table.loc[("code", "(other)"), "n"] == n
    assert set(table.loc["gaps"].index) == {"a", "b", "(missing)"}
    assert table.loc[("one", "same"), "n"] == table.loc[("none", "(missing)"), "n"] == n


def test_one_positive_and_equal_scores_leave_undefined_figures_empty(rows):
    _, _, columns = rows
    y = np.zeros(N)
    y[0] = 1.0
    table = evaluate(y, np.full(N, 0.1), columns, max_depth=1)
    without = table[table["n_positive"] == 0]
    assert without[["recall", "pr_auc", "lift_at_20", "f1"]].isna().all(axis=None)
    assert table["observed_expected"].iloc[0] == pytest.approx(1 / (0.1 * N))
    assert (table["base_rate_shrunk_hi"] > 0).all()


def test_levels_are_named_in_the_order_to_show_them():
    codes, names = code_levels(pd.Series([3.0, 1.0, np.nan, 2.0, 1.0, np.inf]), min_rows=1)
    assert names == ("1", "2", "3", "(missing)")
    assert codes.tolist() == [2, 0, 3, 1, 0, 3]
    codes, names = code_levels(pd.Series(np.arange(100.0)), n_bins=4)
    assert len(names) == 4
    assert np.bincount(codes).tolist() == [25, 25, 25, 25]
    codes, names = code_levels(pd.Series(["a"] * 40 + ["b"] * 2 + ["c"]))
    assert (names, codes[-1]) == (("a", "(other)"), 1)
    assert code_levels(pd.Series([True, False, None], dtype="boolean"), min_rows=1)[1] == ("False", "True", "(missing)")
