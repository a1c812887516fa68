from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from planted import as_frames, build_accounts, build_config, build_months

from clv_platform.exploration import ALL, build_tables, explore, read_exploration
from clv_platform.exploration.columns import code_levels, code_quantiles, level_order, outlier_limit
from clv_platform.exploration.notes import build_notes

DATED = {
    "sources": {"accounts": {"files": "a.csv", "columns": {"territory": "territory"}}, "usage": {"files": "u.csv"}},
    "plans": {"order": ["P1", "P2"]}, "usage_metrics": {"logins": {"label": "logins", "unit": "logins"}},
    "snapshot_columns": {}, "snapshots": {}, "slices": ["territory"],
    "targets": [{"name": "upgrade", "kind": "upgrade", "horizon_days": 90}],
}  # fmt: skip


def _write_marts(folder: Path) -> Path:
    """Two accounts of the upgrade mart at five dates, one of them and another one in the churn mart."""
    dates = [date(2025, month, 1) for month in (1, 2, 4, 5, 7)]
    rows = [(account, day, "T1", 3.0 + k, 0.0 if day < date(2025, 5, 1) else np.nan) for k, account in enumerate("ab") for day in dates]
    names = ["account_id", "as_of_date", "territory", "logins_mean_3m", "y_upgrade_90d"]
    upgrade = pd.DataFrame(rows, columns=names)
    upgrade.loc[0, "y_upgrade_90d"] = 1.0
    upgrade.to_parquet(folder / "fct_upgrade_examples.parquet")
    churn = upgrade.assign(account_id=upgrade["account_id"].replace("a", "c")).drop(columns="y_upgrade_90d")
    churn.to_parquet(folder / "fct_churn_examples.parquet")
    build_months(0, 2).to_parquet(folder / "fct_account_months.parquet")
    return folder


def test_each_account_counts_once_at_the_newest_date_before_the_cutoff(tmp_path: Path) -> None:
    frames = read_exploration(build_config(**DATED), _write_marts(tmp_path), date(2025, 5, 20))
    assert frames.as_of_date == date(2025, 5, 1)
    assert list(frames.accounts["account_id"]) == ["a", "b", "c"]


def test_dates_of_a_target_lie_a_horizon_apart_and_are_mature_at_the_cutoff(tmp_path: Path) -> None:
    frames = read_exploration(build_config(**DATED), _write_marts(tmp_path), date(2025, 7, 1))
    (rows,) = frames.targets
    assert sorted(set(rows.frame["as_of_date"])) == [date(2025, 1, 1), date(2025, 4, 1)]
    assert list(rows.balance["as_of_date"]) == [date(2025, 1, 1), date(2025, 2, 1), date(2025, 4, 1)]
    earlier = read_exploration(build_config(**DATED), tmp_path, date(2025, 6, 29))  # 89 days after 1 April
    assert date(2025, 4, 1) not in set(earlier.targets[0].balance["as_of_date"])


def test_months_that_were_not_complete_at_the_cutoff_are_left_out(tmp_path: Path) -> None:
    months = build_months(0, 2)
    months.loc[months["month_end_date"] == "2025-04-01", "known_by_date"] = pd.Timestamp("2025-06-01")
    _write_marts(tmp_path)
    months.to_parquet(tmp_path / "fct_account_months.parquet")
    ends = set(read_exploration(build_config(**DATED), tmp_path, date(2025, 5, 1)).months["month_end_date"])
    assert pd.Timestamp("2025-05-01") in ends
    assert not ends & {pd.Timestamp("2025-04-01"), pd.Timestamp("2025-06-01")}


def test_without_marts_the_message_says_what_to_build(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="Build the warehouse first"):
        read_exploration(build_config(), tmp_path, None)


def test_sums_and_means_by_group_are_those_of_the_rows() -> None:
    accounts = build_accounts(0, 600)
    tables = build_tables(build_config(), as_frames(accounts))
    one = tables.by_group.set_index(["dimension", "level", "metric"])
    inside = accounts.loc[accounts["territory"] == "T2", "users"]
    row: dict[str, Any] = dict(one.xs(("territory", "T2", "users")))
    assert row["n"] == len(inside)
    assert row["sum"] == pytest.approx(inside.sum())
    assert row["mean"] == pytest.approx(inside.mean())
    assert one.loc[(ALL, ALL, "users"), "sum"] == pytest.approx(accounts["users"].sum())
    cell = tables.pairs.query("row_level == 'T1' and column_level == 'P2' and metric == 'users' and lag == 0").iloc[0]
    both = accounts.loc[(accounts["territory"] == "T1") & (accounts["product"] == "P2"), "users"]
    assert (cell["n"], cell["mean"]) == (len(both), pytest.approx(both.mean()))
    assert tables.mix["n"].sum() == accounts[["product", "industry"]].dropna().shape[0]


def test_correlations_are_spearman_s_and_outliers_are_counted() -> None:
    accounts = build_accounts(1, 600)
    accounts["posts"] = accounts["users"] ** 2
    accounts.loc[0, "users"] = 1e9
    tables = build_tables(build_config(), as_frames(accounts))
    pair = tables.correlations.query("left == 'users' and right == 'posts'")["rho"].iloc[0]
    assert pair == pytest.approx(accounts["users"].corr(accounts["posts"], method="spearman"))
    outliers = tables.outliers.set_index("metric")
    assert outliers.loc["users", "n_outliers"] == 1
    assert outliers.loc["rating", "n_outliers"] == 0


def test_notes_name_gaps_spellings_and_outliers() -> None:
    accounts = build_accounts(2, 600)
    accounts.loc[:3, "territory"] = "t1 "
    accounts.loc[0, "users"] = 1e9
    frames, config = as_frames(accounts), build_config()
    notes = build_notes(config, frames, build_tables(config, frames)).set_index("kind")
    assert "t1 " in str(notes.loc["spelling", "note"])
    assert sorted(notes.loc[["missing"], "column"]) == ["industry", "rating"]
    assert notes.loc["outliers", "column"] == "users"


def test_a_company_of_orders_alone_gets_tables_and_no_error(tmp_path: Path) -> None:
    config = build_config(
        sources={"orders": {"files": "o.csv"}, "accounts": {"derive_from": "orders"}},
        snapshot_columns={},
        slices=[],
        targets=[],
        snapshots={},
    )
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {"account_id": [f"a{i}" for i in range(200)], "as_of_date": date(2025, 1, 1), "is_eligible": True,
         "n_orders_365d": rng.poisson(3, 200).astype(float), "revenue_365d": np.exp(rng.normal(3, 1, 200))}
    )  # fmt: skip
    frame.to_parquet(tmp_path / "fct_account_features.parquet")
    found = explore(config, tmp_path, date(2025, 1, 1))
    assert set(found.tables.by_group["level"]) == {ALL}
    assert found.tables.pairs.empty
    assert found.findings.frame.empty


def test_levels_keep_their_own_order_and_rare_ones_are_left_out() -> None:
    values = pd.Series(["1001+"] * 3 + ["11-50"] * 3 + ["1-10"] * 3 + ["rare"] + [None])
    coded = code_levels(values, 2)
    assert coded.levels == ("1-10", "11-50", "1001+")
    assert list(coded.codes[[0, 3, 6, 9, 10]]) == [2, 1, 0, -1, -1]
    assert code_levels(pd.Series([True, False, None], dtype="boolean"), 1).levels == ("no", "yes")
    assert sorted(["b", "10 to 20", "2 to 9"], key=level_order) == ["2 to 9", "10 to 20", "b"]
    sizes = ["others", "11-50", "over 1000", "1001+", "51-200", "1-10"]
    assert sorted(sizes, key=level_order) == ["1-10", "11-50", "51-200", "over 1000", "1001+", "others"]
    assert sorted(["2022", "before 2021", "2021"], key=level_order) == ["before 2021", "2021", "2022"]
    assert sorted(["0 to 5", "−3 to −1", "under 0"], key=level_order) == ["−3 to −1", "under 0", "0 to 5"]


def test_quantile_bins_hold_every_known_value_and_ties_share_one() -> None:
    coded = code_quantiles(np.array([0.0] * 6 + [1.0, 2.0, 3.0, 4.0, np.nan]), 5)
    assert list(np.bincount(coded.codes[coded.codes >= 0])) == [6, 2, 2]
    assert coded.levels == ("0", "1 to 2", "3 to 4")
    assert coded.codes[-1] == -1


def test_a_heavy_tail_is_no_outlier_and_three_zeros_too_many_are() -> None:
    values = np.exp(np.random.default_rng(4).normal(3, 1.5, 5_000))
    assert (values > outlier_limit(values)).sum() == 0
    assert np.median(values) * 1e6 > outlier_limit(values)
