"""The rule of choice, calibration by deciles and intervals, on outcomes with known answers."""

from types import SimpleNamespace

import numpy as np
import pytest

from clv_platform.config import ValueChoice
from clv_platform.models.value import intervals
from clv_platform.models.value.backtests import Backtests
from clv_platform.models.value.calibration import OutOfSample, learn_calibration
from clv_platform.models.value.choice import choose, pooled_decile_wape
from clv_platform.models.value.intervals import compare_methods, learn_spread


class Origin(SimpleNamespace):
    """What the rule reads of one origin."""

    def actual(self, purpose: str) -> np.ndarray:
        return self.y


def origins(makers: dict, n: int = 3000, n_origins: int = 3, level: float = 1.0) -> Backtests:
    """Amounts around a known mean, and what each maker says about that mean."""
    trials = []
    for seed in range(n_origins):
        rng = np.random.default_rng(seed)
        mean = rng.gamma(0.5, 40, n)
        y = rng.poisson(mean / 20) * 20.0 * level
        predictions = {("spend", name): make(mean, rng) for name, make in makers.items()}
        predictions |= {("spend", "mean"): np.full(n, mean.mean()), ("spend", "past_spend_rate"): mean * np.exp(rng.normal(0, 1.5, n))}
        trials.append(Origin(name=str(seed), y=y, predictions=predictions, check=None, foundation=None, notes={}))
    return Backtests(tuple(trials), {})


def truth(mean, rng):
    return mean.copy()


def noisy(mean, rng):
    return mean * np.exp(rng.normal(-0.5, 1.0, mean.size))


def nothing(mean, rng):
    return np.zeros(mean.size)


def doubled(mean, rng):
    return 2 * mean


def test_the_model_that_knows_the_mean_wins() -> None:
    found = choose(origins({"noisy": noisy, "truth": truth}), "spend", ValueChoice(blend_of=1))
    assert found.champion.weights == {"truth": 1.0}
    assert "Chosen: truth" in found.reasons[0]


def test_expecting_nothing_of_everybody_never_wins_whatever_its_error() -> None:
    found = choose(origins({"nothing": nothing, "noisy": noisy}), "spend", ValueChoice(metric="mae", blend_of=1))
    assert found.champion.name == "noisy"
    assert not found.table.set_index("model").loc["nothing", "is_eligible"]


def test_a_total_off_by_more_than_allowed_is_out_though_it_ranks_as_well() -> None:
    found = choose(origins({"doubled": doubled, "noisy": noisy}), "spend", ValueChoice(blend_of=1))
    assert found.champion.name == "noisy"


def test_when_every_total_is_off_the_bound_widens_and_the_reasons_say_so() -> None:
    found = choose(origins({"truth": truth, "noisy": noisy}, level=2.0), "spend", ValueChoice(blend_of=1))
    assert found.champion.name == "truth"
    assert "another season" in found.reasons[-1]


def test_of_models_that_rank_the_same_the_one_whose_deciles_add_up_is_used() -> None:
    def squeezed(mean, rng):
        return np.sqrt(mean) * mean.sum() / np.sqrt(mean).sum()

    found = choose(origins({"squeezed": squeezed, "truth": truth}), "spend", ValueChoice(blend_of=1))
    assert found.champion.name == "truth"


def test_of_models_that_are_level_the_one_with_the_smaller_error_is_used_and_the_reasons_say_so() -> None:
    def a_hair_better_in_order(mean, rng):
        return mean**1.4 * mean.sum() / (mean**1.4).sum()

    def nearer(mean, rng):
        return mean * np.exp(rng.normal(0, 0.05, mean.size))

    makers = {"steep": a_hair_better_in_order, "nearer": nearer}
    level = choose(origins(makers), "spend", ValueChoice(blend_of=1))
    gini = level.table.set_index("model")["ngini"].astype(float)
    assert gini["steep"] > gini["nearer"]
    assert level.champion.name == "nearer"
    assert "level with the best (within 0.15%) of 2 models" in level.reasons[0]
    assert choose(origins(makers), "spend", ValueChoice(blend_of=1, tie=0)).champion.name == "steep"


def test_a_model_that_ranks_worse_than_a_naive_rule_at_the_origins_is_chosen_with_a_warning() -> None:
    def at_random(mean, rng):
        return rng.permutation(mean)

    found = choose(origins({"linear_regression": at_random}), "spend", ValueChoice(blend_of=1))
    assert found.champion.name == "linear_regression"
    gini = found.table.set_index("model")["ngini"].astype(float)
    assert "the only model whose total is off by at most 15%" in found.reasons[0]
    assert found.reasons[-1] == (
        f"At the origins linear_regression ranks worse than past_spend_rate: its ngini is {gini['linear_regression']:z.3f}, against "
        f"{gini['past_spend_rate']:.3f}. Mostly a sign of few accounts or dates to learn from."
    )
    good = choose(origins({"truth": truth}), "spend", ValueChoice(blend_of=1))
    assert not [reason for reason in good.reasons if "ranks worse" in reason]


def test_a_rule_that_stands_in_for_want_of_models_is_not_called_the_best_of_none() -> None:
    found = choose(origins({}), "spend", ValueChoice())
    assert found.champion.name == "past_spend_rate"
    assert "no model could be fitted at every origin, so this rule stands in" in found.reasons[0]
    assert not [reason for reason in found.reasons if "best of" in reason or "ranks worse" in reason]


def test_blends_have_weights_that_add_up_to_one_and_learn_them_on_other_origins() -> None:
    makers = {"one": noisy, "two": noisy, "three": noisy}
    found = choose(origins(makers), "spend", ValueChoice(blend_of=3))
    assert found.champion.is_blend
    assert sum(found.champion.weights.values()) == pytest.approx(1)
    assert {"mean_of_2", "mean_of_3", "weighted_mean"} <= set(found.table["model"])
    board = found.table.set_index("model")
    assert board["ngini"].astype(float)["mean_of_3"] > board["ngini"].astype(float)["one"]


def test_deciles_of_opposite_seasons_cancel() -> None:
    y = np.arange(100.0)
    assert pooled_decile_wape([y, y], [1.2 * y, 0.8 * y]) == pytest.approx(0)
    assert pooled_decile_wape([y], [1.2 * y]) == pytest.approx(0.2)


def out_of_sample(seed: int, bend: float, n: int = 8000) -> OutOfSample:
    rng = np.random.default_rng(seed)
    mean = rng.gamma(1.0, 50, n)
    y = mean * rng.gamma(2, 0.5, n)
    return OutOfSample(y, mean**bend * mean.sum() / (mean**bend).sum(), np.full(n, 30.0))


def test_calibration_mends_tops_that_promise_too_much_and_keeps_the_order() -> None:
    rows = [out_of_sample(seed, 1.4) for seed in range(3)]
    learnt = learn_calibration(rows)
    fresh = out_of_sample(9, 1.4)
    mended = learnt.apply(fresh.predicted, fresh.window_days)
    assert pooled_decile_wape([fresh.actual], [mended]) < 0.5 * pooled_decile_wape([fresh.actual], [fresh.predicted])
    order = np.argsort(fresh.predicted)
    assert (np.diff(mended[order]) >= -1e-9).all()


def test_nothing_is_corrected_where_deciles_add_up_or_too_little_is_known() -> None:
    right = [out_of_sample(seed, 1.0) for seed in range(3)]
    assert learn_calibration(right).log_rates == ()
    assert learn_calibration(right[:1]).log_rates == ()
    assert learn_calibration([out_of_sample(seed, 1.4, n=60) for seed in range(3)]).log_rates == ()


def flat_at_the_top(seed: int, cap: float, n: int = 6000) -> OutOfSample:
    """The right total, but nobody is promised more than a cap that the last hundredth exceeds."""
    rng = np.random.default_rng(seed)
    mean = rng.lognormal(4, 0.6, n)
    flat = np.minimum(mean, cap) * rng.normal(1, 0.01, n)
    return OutOfSample(mean * rng.gamma(100, 1 / 100, n), flat * mean.sum() / flat.sum(), np.full(n, 30.0))


def test_a_list_that_is_flat_in_its_last_hundredth_is_mended_there() -> None:
    cap = float(np.exp(4 + 0.6 * 2.3))
    learnt = learn_calibration([flat_at_the_top(seed, cap) for seed in range(3)])
    assert len(learnt.log_rates) == 12
    fresh = flat_at_the_top(9, cap)
    order = np.argsort(-fresh.predicted)
    mended = learnt.apply(fresh.predicted, fresh.window_days)
    top, rest = order[: len(order) // 100], order[len(order) // 10 :]

    def off(values: np.ndarray, rows: np.ndarray) -> float:
        return values[rows].sum() / fresh.actual[rows].sum() - 1

    assert off(fresh.predicted, top) < -0.2
    assert abs(off(mended, top)) < 0.4 * abs(off(fresh.predicted, top))
    assert abs(off(mended, rest)) < abs(off(fresh.predicted, rest)) < 0.02
    assert learn_calibration([flat_at_the_top(seed, np.inf) for seed in range(3)]).log_rates == ()


def zero_heavy(seed: int, n: int = 6000) -> OutOfSample:
    rng = np.random.default_rng(seed)
    mean = rng.gamma(0.5, 40, n)
    number = rng.poisson(mean / 30)
    return OutOfSample(number * 30 * rng.gamma(4, 0.25, n), mean, np.full(n, 30.0))


def test_intervals_keep_the_mass_at_zero_and_hold_ninety_percent() -> None:
    spread = learn_spread([zero_heavy(seed) for seed in range(3)])
    fresh = zero_heavy(7)
    lo, median, hi = spread.apply(fresh.predicted)
    assert ((fresh.actual >= lo) & (fresh.actual <= hi)).mean() == pytest.approx(0.9, abs=0.03)
    little = fresh.predicted < 5
    assert (lo[little] == 0).all()
    assert (median[little] == 0).all()
    assert (hi >= median).all()


def test_where_zero_is_unlikely_the_lower_bound_is_above_it() -> None:
    rows = [out_of_sample(seed, 1.0) for seed in range(3)]
    fresh = out_of_sample(8, 1.0)
    lo, _, hi = learn_spread(rows).apply(fresh.predicted)
    assert (lo > 0).all()
    assert ((fresh.actual >= lo) & (fresh.actual <= hi)).mean() == pytest.approx(0.9, abs=0.02)


def test_coverage_is_measured_where_it_was_not_learnt(monkeypatch) -> None:
    monkeypatch.setattr(intervals, "learn_quantiles", lambda *_: None)
    rows = [zero_heavy(seed) for seed in range(3)]
    monkeypatch.setattr(intervals, "learn_contract_spread", lambda *_: None)
    bare = [SimpleNamespace(family=None)] * 3
    used, table = compare_methods(rows, [None] * 3, bare, seed=0)  # type: ignore[list-item,arg-type]
    assert used == "neighbours"
    assert table["coverage"].between(0.86, 0.94).all()
    assert len(table) == 3
