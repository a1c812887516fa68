"""The search for weak slices finds what was planted, is quiet where nothing is wrong, and keeps its three lists apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from clv_platform.config.schema import SliceSearch
from clv_platform.evaluation import WeakSlices, find_weak_slices, find_weak_value_slices, new_weak_slices, search_predictions
from clv_platform.evaluation.weak_slices_lists import wrong_sentence

QUICK = SliceSearch(n_draws=39)


@dataclass(frozen=True)
class World:
    """Scored rows; `faults` are the groups, as (column, level) pairs, whose labels follow other chances than the score says."""

    columns: pd.DataFrame
    score: np.ndarray
    y: np.ndarray
    account_id: np.ndarray
    faults: tuple[frozenset[tuple[str, str]], ...]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def build_world(
    seed: int, n: int, n_columns: int, effect: float, *, n_faults: int = 3, levels: tuple[int, int] = (3, 9), share: float = 0.05
) -> World:
    """Right scores, except that in `n_faults` groups of one or two columns the log-odds are off by `effect`, up or down."""
    random = np.random.default_rng(seed)
    counts = random.integers(levels[0], levels[1] + 1, n_columns)
    codes = [random.choice(count, n, p=random.dirichlet(np.full(count, 5.0))) for count in counts]
    log_odds = -1.2 + sum(random.normal(0, 0.25, count)[code] for count, code in zip(counts, codes, strict=True)) + random.normal(0, 0.7, n)
    faults: list[frozenset[tuple[str, str]]] = []
    shift = np.zeros(n)
    while effect and len(faults) < n_faults:
        chosen = random.choice(n_columns, random.integers(1, 3), replace=False)
        pairs = [(int(c), int(random.integers(counts[c]))) for c in chosen]
        mask = np.logical_and.reduce([codes[c] == level for c, level in pairs])
        fault = frozenset((f"c{c}", f"l{level}") for c, level in pairs)
        if share <= mask.mean() <= 0.2 and fault not in faults:
            faults.append(fault)
            shift += mask * effect * random.choice([-1, 1])
    columns = pd.DataFrame({f"c{c}": pd.Categorical([f"l{level}" for level in code]) for c, code in enumerate(codes)})
    y = (random.random(n) < sigmoid(log_odds + shift)).astype(float)
    return World(columns, sigmoid(log_odds), y, np.arange(n), tuple(faults))


def build_repeated_world(seed: int, n_accounts: int) -> World:
    """Three monthly snapshots whose labels look three months ahead, so that rows of an account share events; scores are right."""
    random = np.random.default_rng(seed)
    counts = random.integers(3, 9, 5)
    codes = [random.integers(0, count, n_accounts) for count in counts]
    log_odds = -2.5 + random.normal(0, 1, n_accounts)
    monthly = 1 - (1 - sigmoid(log_odds)) ** (1 / 3)
    events = random.random((n_accounts, 5)) < monthly[:, None]
    first = np.where(events.any(axis=1), events.argmax(axis=1), 99)
    account, y = [], []
    for month in range(3):
        here = np.flatnonzero(first >= month)
        account.append(here)
        y.append(first[here] < month + 3)
    rows = np.concatenate(account)
    columns = pd.DataFrame({f"c{c}": pd.Categorical([f"l{level}" for level in code[rows]]) for c, code in enumerate(codes)})
    return World(columns, sigmoid(log_odds)[rows], np.concatenate(y).astype(float), rows, ())


def search(world: World, settings: SliceSearch = QUICK, **options) -> WeakSlices:
    return find_weak_slices(world.y, world.score, world.account_id, world.columns, settings, seed=0, **options)


def conditions(frame: pd.DataFrame) -> list[frozenset[tuple[str, str]]]:
    pairs = [[(row[f"column_{i}"], row[f"level_{i}"]) for i in (1, 2, 3)] for row in frame.to_dict("records")]
    return [frozenset((column, level) for column, level in row if isinstance(column, str)) for row in pairs]


def of_rows(columns: dict, expected: np.ndarray, chance: np.ndarray, seed: int = 100) -> World:
    y = (np.random.default_rng(seed).random(expected.size) < chance).astype(float)
    return World(pd.DataFrame(columns), expected, y, np.arange(expected.size), ())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_three_strong_faults_are_found_exactly_and_nothing_else(seed):
    world = build_world(seed, 20_000, 8, effect=1.0)
    assert sorted(map(sorted, conditions(search(world).confirmed))) == sorted(map(sorted, world.faults))


def test_weak_faults_are_mostly_found():
    worlds = [build_world(seed, 15_000, 4, effect=0.5, share=0.08) for seed in range(3)]
    found = [conditions(search(world).confirmed) for world in worlds]
    hits = sum(group in world.faults for world, groups in zip(worlds, found, strict=True) for group in groups)
    assert hits >= 7
    assert sum(map(len, found)) - hits <= 1


def test_right_scores_raise_an_alarm_as_rarely_as_promised():
    alarms = sum(len(search(build_world(seed, 3000, 4, effect=0.0)).confirmed) > 0 for seed in range(50))
    assert alarms <= 7  # of 50 at a rate of 5 %: more happen once in 100 times


def test_accounts_that_repeat_raise_no_more_alarms_and_would_if_they_were_taken_for_different_ones():
    settings = SliceSearch(n_draws=39, min_gain=0.0)
    worlds = [build_repeated_world(seed, 1500) for seed in range(16)]
    together = [search(world, settings) for world in worlds]
    apart = [find_weak_slices(w.y, w.score, np.arange(w.y.size), w.columns, settings, seed=0) for w in worlds]
    assert sum(len(found.confirmed) > 0 for found in together) <= 3
    assert sum(len(found.confirmed) > 0 for found in apart) >= 8
    assert 0.4 < np.mean([found.correlation for found in together]) < 0.8
    assert {found.correlation for found in apart} == {0.0}


def test_a_group_with_a_base_rate_near_a_half_is_hard_but_not_wrong():
    random = np.random.default_rng(0)
    is_half = random.random(12_000) < 0.2
    score = np.where(is_half, random.uniform(0.4, 0.6, 12_000), random.uniform(0.02, 0.1, 12_000))
    found = search(of_rows({"kind": np.where(is_half, "half", "rare")}, score, score))
    assert found.confirmed.empty
    assert found.naturally_hard["slice"].tolist() == ["kind = half"]
    assert found.naturally_hard["log_loss"].iloc[0] == pytest.approx(0.68, abs=0.02)


def test_the_sentence_says_what_a_manager_needs():
    random = np.random.default_rng(1)
    country = np.repeat(["Germany", "France"], [638, 5000])
    score = np.where(country == "Germany", 0.31, random.uniform(0.1, 0.4, country.size))
    world = of_rows({"country": country}, score, score)
    world.y[:638] = np.arange(638) < 121
    row = search(world, event="upgrades").confirmed.iloc[0]
    assert row["sentence"] == "accounts with country Germany: the model expects 31 % upgrades, 19 % happened (n = 638)"
    assert (row["direction"], row["n_positive"], row["depth"]) == ("over-confident", 121, 1)
    assert row["observed"] == pytest.approx(121 / 638)
    assert row["observed_lo"] == pytest.approx(0.161, abs=0.002)
    assert row["observed_hi"] == pytest.approx(0.222, abs=0.002)
    assert row["mean_score"] == pytest.approx(0.31)
    assert row["p_adjusted"] == pytest.approx(1 / 40)


def test_directions_tell_too_little_from_the_wrong_order():
    random = np.random.default_rng(2)
    plan, x = random.choice(["P1", "P2", "P3", "P4", "P5"], 20_000), random.normal(-1, 1, 20_000)
    chance = sigmoid(np.where(plan == "P1", -2.4 - x, np.where(plan == "P2", x + 1, x)))
    found = search(of_rows({"plan": plan}, sigmoid(x), chance)).confirmed.set_index("level_1")
    assert found["direction"].to_dict() == {"P1": "mis-ranked", "P2": "under-confident"}
    assert found.loc["P2", "gain"] == pytest.approx(0.1, abs=0.03)


def test_a_score_that_is_off_everywhere_is_no_fault_of_a_group():
    random = np.random.default_rng(3)
    x = random.normal(-1, 1, 8000)
    assert search(of_rows({"plan": random.choice(list("abcd"), 8000)}, sigmoid(1.7 * x + 0.8), sigmoid(x))).confirmed.empty


def test_an_auditor_finds_what_calibration_cannot_see_and_leaves_wrong_groups_to_the_first_list():
    random = np.random.default_rng(4)
    group, hidden = random.choice(list("abcdef"), 20_000), random.choice([-1.5, 1.5], 20_000)
    marginal = float(sigmoid(np.array([0.5, -2.5])).mean())
    truth = np.where(group == "a", sigmoid(-1 + hidden), np.where(group == "b", 0.2, marginal))
    world = of_rows({"group": group}, np.clip(np.full(20_000, marginal) + random.normal(0, 0.01, 20_000), 0, 1), truth)
    found = search(world, feature_scores=truth)
    assert found.confirmed["slice"].tolist() == ["group = b"]
    assert found.recoverable["slice"].tolist() == ["group = a"]
    assert found.recoverable["gain"].iloc[0] > 0.1
    assert search(world, feature_scores=world.score).recoverable.empty
    assert search(world).recoverable.empty


def test_the_same_rows_and_seed_give_the_same_lists_and_files_keep_them(tmp_path):
    world = build_world(1, 10_000, 5, effect=1.0)
    first, second = search(world).to_frame(), search(world).to_frame()
    pd.testing.assert_frame_equal(first, second)
    first.to_parquet(tmp_path / "weak_slices.parquet")
    read = pd.read_parquet(tmp_path / "weak_slices.parquet")
    pd.testing.assert_frame_equal(read, first, check_dtype=False)
    assert set(read["kind"]) <= {"wrong_here", "naturally_hard", "recoverable"}
    assert WeakSlices.empty().to_frame().columns.tolist() == first.columns.tolist()


def test_a_group_is_new_unless_the_champion_is_wrong_in_it_or_in_a_wider_one():
    random = np.random.default_rng(5)
    n = 12_000
    columns = pd.DataFrame({"plan": random.choice(["P1", "P2", "P3"], n), "land": random.choice(["x", "y", "z"], n)})
    x = random.normal(-1, 0.7, n)
    y = (random.random(n) < sigmoid(x)).astype(float)
    both, wide = ((columns == ["P1", "x"]).all(axis=1).to_numpy(), (columns["plan"] == "P1").to_numpy())

    def found(mask):
        return find_weak_slices(y, sigmoid(x + 1.2 * mask), np.arange(n), columns, QUICK, seed=0)

    candidate, right, wider = found(both), found(np.zeros(n, dtype=bool)), found(wide)
    assert candidate.confirmed["slice"].tolist() == ["plan = P1 & land = x"]
    assert wider.confirmed["slice"].tolist() == ["plan = P1"]
    assert new_weak_slices(candidate, right)["slice"].tolist() == ["plan = P1 & land = x"]
    assert new_weak_slices(candidate, candidate).empty
    assert new_weak_slices(candidate, wider).empty
    assert new_weak_slices(right, candidate).empty
    rows = columns.assign(y_true=y, score=sigmoid(x + 1.2 * both), champion_score=sigmoid(x), account_id=np.arange(n).astype(str))
    model, champion = search_predictions(rows, ["plan", "land"], QUICK, seed=0)
    assert champion is not None
    assert new_weak_slices(model, champion)["slice"].tolist() == ["plan = P1 & land = x"]
    assert search_predictions(rows.drop(columns="champion_score"), ["plan", "land"], QUICK, seed=0)[1] is None


def test_equal_scores_for_everyone_are_searched_by_their_level():
    random = np.random.default_rng(6)
    plan = random.choice(["P1", "P2", "P3", "P4"], 4000)
    score = np.full(4000, 0.2)
    assert search(of_rows({"plan": plan}, score, score)).confirmed.empty
    found = search(of_rows({"plan": plan}, score, np.where(plan == "P1", 0.5, 0.2)))
    assert found.confirmed["slice"].tolist() == ["plan = P1"]


@pytest.mark.parametrize("n_positive", [0, 1, 3000])
def test_labels_that_say_nothing_give_empty_lists(n_positive):
    random = np.random.default_rng(7)
    world = of_rows({"plan": random.choice(["P1", "P2"], 3000)}, random.uniform(0, 0.1, 3000), np.zeros(3000))
    world.y[:n_positive] = 1.0
    assert search(world).confirmed.empty


def test_a_column_with_fifty_thousand_levels_gaps_and_one_level_are_all_looked_at():
    random = np.random.default_rng(8)
    n = 60_000
    code = np.where(random.random(n) < 0.1, 7, random.integers(0, 50_000, n))
    plan = pd.Series(random.choice(["P1", "P2"], n)).where(random.random(n) > 0.1)
    amount = np.where(random.random(n) < 0.05, np.nan, random.lognormal(size=n))
    columns = {"code": pd.Series(code).astype(str), "plan": plan, "amount": amount, "one": np.full(n, "same"), "none": np.full(n, np.nan)}
    score = np.clip(random.normal(0.2, 0.05, n), 0.01, 0.9)
    wrong = (code == 7) | plan.isna().to_numpy()
    found = search(of_rows(columns, score, np.where(wrong, score + 0.15, score)))
    assert sorted(found.confirmed["slice"]) == ["code = 7", "plan = (missing)"]
    assert not found.tested["slice"].str.contains("one =|none =").any()
    assert found.tested["slice"].str.contains("amount = (missing)", regex=False).any()


def test_what_cannot_be_searched_is_said():
    columns = pd.DataFrame({"plan": ["P1", "P2"] * 50})
    with pytest.raises(ValueError, match="only 0 and 1"):
        find_weak_slices(np.full(100, 2.0), np.full(100, 0.1), np.arange(100), columns, QUICK, seed=0)
    with pytest.raises(ValueError, match="probabilities"):
        find_weak_slices(np.zeros(100), np.full(100, np.nan), np.arange(100), columns, QUICK, seed=0)
    with pytest.raises(ValueError, match="found"):
        find_weak_slices(np.zeros(99), np.full(99, 0.1), np.arange(99), columns, QUICK, seed=0)
    assert find_weak_slices(np.zeros(0), np.zeros(0), np.zeros(0), columns.head(0), QUICK, seed=0).to_frame().empty


def amounts(seed: int, fault: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, pd.DataFrame]:
    """Two rows per account with many zeros and a long tail; plan P1 of land x gets `fault` times what is predicted."""
    random = np.random.default_rng(seed)
    account = np.repeat(np.arange(5000), 2)
    columns = pd.DataFrame({"plan": random.choice(["P1", "P2", "P3"], 5000), "land": random.choice(["x", "y", "z"], 5000)}).iloc[account]
    predicted = random.lognormal(3, 0.8, 5000)[account]
    factor = np.where((columns == ["P1", "x"]).all(axis=1), fault, 1.0)
    alike = random.gamma(0.7, 1 / 0.7, 5000)[account]  # what an account's rows share
    y = predicted * factor * alike * (random.random(10_000) < 0.6) / 0.6
    return y, predicted, account, columns.reset_index(drop=True)


def test_a_wrong_order_is_told_of_amounts_as_of_amounts():
    row = {"column_1": "plan", "level_1": "P1", "column_2": None, "column_3": None, "n": 119, "direction": "mis-ranked"}
    row |= {"expected": 500.0, "observed": 545.4, "mean_score": 496.16}
    assert wrong_sentence(row, "revenue", {}, is_amount=True) == (
        "accounts with plan P1: the model expects 496.16 revenue per account, 545.40 came; the level is about right, but large ones aren't "
        "told from small ones (n = 119)"
    )
    chances = wrong_sentence(row | {"expected": 0.2, "observed": 0.21, "mean_score": 0.2}, "upgrades", {})
    assert chances.endswith("21 % happened; the level is right, but the likely ones aren't told from the unlikely ones (n = 119)")


def test_amounts_are_searched_by_residuals_against_the_mean():
    found = find_weak_value_slices(*amounts(0, 0.4), QUICK, seed=0, event="EUR")
    assert found.confirmed["slice"].tolist() == ["plan = P1 & land = x"]
    row = found.confirmed.iloc[0]
    assert row["direction"] == "over-confident"
    assert row["observed"] / row["expected"] == pytest.approx(0.4, abs=0.1)
    assert row["sentence"].startswith("accounts with plan P1 and land x: the model expects ")
    alarms = sum(len(find_weak_value_slices(*amounts(seed, 1.0), QUICK, seed=0).confirmed) > 0 for seed in range(1, 16))
    assert alarms <= 3
