from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from planted import PLANTED_RATIO, N, as_frames, build_accounts, build_config, build_months

from clv_platform.exploration import find_findings, shuffle_frames
from clv_platform.exploration.findings import ALPHA, COLUMNS, Findings
from clv_platform.exploration.findings_words import action_of, statement_of


def _find(accounts: pd.DataFrame, y: np.ndarray | None = None, **changes: object) -> Findings:
    return find_findings(build_config(**changes), as_frames(accounts, y))


def test_a_group_within_a_group_is_the_first_statement_with_its_ratio() -> None:
    accounts = build_accounts(0)
    inside = (accounts["territory"] == "T3") & (accounts["product"] == "P1")
    accounts.loc[inside, "users"] *= PLANTED_RATIO
    first = _find(accounts).frame.iloc[0]
    assert {first["dimension"], first["context"]} == {"territory", "product"}
    assert {first["level"], first["context_level"]} == {"T3", "P1"}
    assert first["subject"] == "users"
    assert first["effect_lo"] < PLANTED_RATIO < first["effect_hi"]
    assert first["effect_lo"] > 1.5
    assert "among accounts with" in first["statement"].lower()
    assert first["q_value"] <= ALPHA


def test_the_same_group_effect_everywhere_is_said_once_and_without_a_context() -> None:
    accounts = build_accounts(1)
    accounts.loc[accounts["territory"] == "T2", "users"] *= 2
    found = _find(accounts).frame
    assert list(zip(found["subject"], found["dimension"], found["level"], found["context"], strict=True)) == [
        ("users", "territory", "T2", "")
    ]


def test_the_target_rate_of_the_highest_fifth_is_found_with_its_risk_ratio() -> None:
    accounts, rng = build_accounts(2), np.random.default_rng(2)
    is_high = accounts["users"] >= accounts["users"].quantile(0.8)
    y = rng.random(N) < np.where(is_high, 0.3, 0.1)
    first = _find(accounts, y).frame.iloc[0]
    assert (first["kind"], first["subject"], first["target"]) == ("target_high", "users", "upgrade")
    assert first["effect_lo"] < 3.0 < first["effect_hi"]
    assert "control group" in first["action"]


def test_a_relation_that_turns_in_one_territory_is_found_there() -> None:
    accounts, rng = build_accounts(3, 12_000), np.random.default_rng(3)
    is_high, is_t3 = accounts["users"] >= accounts["users"].quantile(0.8), accounts["territory"] == "T3"
    y = rng.random(len(accounts)) < np.where(is_high & ~is_t3, 0.4, 0.1)
    found = _find(accounts, y).frame
    relations = found[found["kind"] == "target_relation"]
    assert list(zip(relations["subject"], relations["dimension"], relations["level"], strict=True)) == [("users", "territory", "T3")]
    assert relations["effect_lo"].iloc[0] < 0.25 < relations["effect_hi"].iloc[0]
    assert relations["audience"].iloc[0] == "data team"
    general = found[found["kind"] == "target_high"].iloc[0]  # what holds over all accounts doesn't contradict it
    exception = f"it differs for accounts with territory T3 (statement {relations['rank'].iloc[0]})."
    assert general["statement"].endswith(exception)


def test_missing_values_that_go_with_a_group_are_for_the_data_team() -> None:
    accounts, rng = build_accounts(4), np.random.default_rng(4)
    accounts["rating"] = accounts["rating"].where(~((accounts["territory"] == "T1") & (rng.random(N) < 0.3)))
    first = _find(accounts).frame.iloc[0]
    assert (first["kind"], first["subject"], first["level"]) == ("missing", "rating", "T1")
    assert first["audience"] == "data team"
    assert first["action"].startswith("Collect")


def test_the_others_include_the_levels_that_are_too_rare_to_be_named() -> None:
    accounts = build_accounts(13)
    rare = accounts.index[:400]
    accounts.loc[rare, "territory"] = [f"R{i % 20}" for i in range(400)]  # 20 rows each, below the smallest group
    accounts.loc[accounts["territory"] == "T1", "users"] *= 2
    first = _find(accounts).frame.iloc[0]
    n_inside = int((accounts["territory"] == "T1").sum())
    assert (first["level"], first["n"], first["n_reference"]) == ("T1", n_inside, N - n_inside)
    assert not _find(accounts).frame["statement"].str.contains("other levels").any()


def test_a_few_huge_values_say_nothing_about_a_group() -> None:
    accounts = build_accounts(5)
    accounts.loc[accounts.index[accounts["territory"] == "T1"][:3], "users"] *= 1e5
    assert _find(accounts).frame.empty


def test_a_trivial_difference_in_big_data_is_not_said() -> None:
    accounts = build_accounts(6, 60_000)
    accounts.loc[accounts["territory"] == "T1", "users"] *= 1.1
    found = _find(accounts)
    assert found.frame.empty
    assert found.n_tests > 50


def test_private_and_unused_columns_are_never_spoken_of() -> None:
    accounts, rng = build_accounts(7), np.random.default_rng(7)
    accounts.loc[accounts["territory"] == "T2", "users"] *= 4
    accounts["per_post"] = accounts["users"] / 3
    derived = {"per_post": {"sql": "users / 3", "label": "hidden in another"}}
    y = rng.random(N) < np.where(accounts["users"] > accounts["users"].quantile(0.8), 0.5, 0.05)
    assert not _find(accounts, y, derived_features=derived).frame.empty
    for changes in ({"private": ["users"], "derived_features": derived}, {"unused": ["users"]}):
        assert _find(accounts, y, **changes).frame["statement"].str.contains("users|hidden").sum() == 0


def test_months_say_what_grew_and_which_month_stands_out() -> None:
    dated = {
        "sources": {"accounts": {"files": "a.csv", "columns": {"territory": "territory"}}, "usage": {"files": "u.csv"}},
        "usage_metrics": {"logins": {"label": "logins", "unit": "logins"}},
        "snapshot_columns": {}, "snapshots": {}, "slices": ["territory"], "targets": [],
    }  # fmt: skip
    accounts = pd.DataFrame({"account_id": [f"a{i:05d}" for i in range(300)], "territory": "T1"})
    config = build_config(**dated)
    frames = as_frames(accounts, months=build_months(8, season=-0.4, growth=0.5))
    found = find_findings(config, frames).frame.set_index("kind")
    assert found.loc["change", "effect_lo"] < np.exp(0.5) < found.loc["change", "effect_hi"]
    assert found.loc["season", "level"] == "August"
    assert "July" not in " ".join(found["statement"])
    assert find_findings(config, as_frames(accounts, months=build_months(9))).frame.empty


def test_shuffled_data_give_an_empty_list_in_at_least_95_of_100_runs() -> None:
    accounts, rng = build_accounts(10, 700), np.random.default_rng(10)
    accounts.loc[accounts["territory"] == "T3", "users"] *= 4
    y = rng.random(700) < np.where(accounts["users"] > accounts["users"].quantile(0.8), 0.4, 0.1)
    frames, config = as_frames(accounts, y), build_config()
    assert len(find_findings(config, frames).frame) >= 2
    n_empty = sum(find_findings(config, shuffle_frames(frames, seed)).frame.empty for seed in range(100))
    assert n_empty >= 95


def test_shuffling_keeps_values_and_gaps_and_breaks_pairs() -> None:
    accounts = build_accounts(11)
    accounts["posts"] = accounts["users"]
    shuffled = shuffle_frames(as_frames(accounts, np.ones(N)), 0).accounts
    assert sorted(shuffled["users"]) == sorted(accounts["users"])
    assert shuffled["rating"].isna().sum() == accounts["rating"].isna().sum()
    assert abs(shuffled["users"].corr(shuffled["posts"], method="spearman")) < 0.1
    assert (shuffled["account_id"] == accounts["account_id"]).all()


@pytest.mark.parametrize("n", [0, 20])
def test_too_few_accounts_give_an_empty_typed_list(n: int) -> None:
    found = _find(build_accounts(12, n)).frame
    assert list(found.columns) == list(COLUMNS)
    assert found.empty
    assert found["effect"].dtype == np.float64


def test_a_total_that_rose_is_told_as_a_total_and_not_as_what_each_account_did():
    row = {
        "kind": "change", "subject": "revenue", "subject_label": "revenue", "level": "October to December 2025", "context_level": "totals",
        "n": 400, "value": 58.8, "reference": 30.7, "log_effect": 0.65, "group": "rfm", "target": "",
    }  # fmt: skip
    said = statement_of(row, {})
    assert "all accounts together, also those that came or left meanwhile, 23,520 against 12,280 a month" in said
    assert "per account" not in said
    assert "more or fewer accounts" in action_of(row, {})[1]
    same = row | {"context_level": "same accounts"}
    assert "58.8 against 30.7 per account and month" in statement_of(same, {})
