"""How good a model of amounts is on a date it never saw, whether it may be used, and claims about it that can be false.

The gate's answer moves the champion pointer here, and only for the newest cutoff. Keep figures out (`clv_platform.evaluation`).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetExecutionContext,
    AssetsDefinition,
    MaterializeResult,
    asset,
    asset_check,
)

from assets.checks.models import cutoff_of
from assets.checks.weak_slices import judge_weak_slices
from assets.company import Company
from assets.partitions import build_cutoffs, is_newest_cutoff
from assets.promotion import Rival, apply_decision, find_rival, months_between
from assets.reviewed import columns_to_slice, membership, name_reviewed_amounts, read_said
from assets.targets import OWNERS, floats, markdown_table, picture
from assets.value_room import NOT_ENOUGH, ValueRoom
from clv_platform.config import Target

if TYPE_CHECKING:
    import numpy as np

    from clv_platform.datasets import ValueRows
    from clv_platform.evaluation import GateDecision, Opponent, WeakSlices
    from clv_platform.evaluation.value import ValueEvaluation

COVERAGE = (0.85, 0.95)


def build_value_evaluation_asset(company: Company, target: Target) -> AssetsDefinition:
    """Return `evaluation/<target>_evaluation` of a value target."""
    room = ValueRoom(company, target)

    @asset(
        key=room.key("evaluation", "evaluation"),
        deps=[room.key("models", "model")],
        group_name="evaluation",
        owners=OWNERS,
        kinds={"python"},
        partitions_def=build_cutoffs(company),
        description=f"How good the model of target `{target.name}` is on a date it never saw. `ngini` and `top10_share` over the "
        "partitions are the backtest; `bias` says how far the total was off, `coverage_90` how often the interval held.",
    )
    def evaluation(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.evaluation.value_store import write_value_evaluation
        from clv_platform.warehouse import write_parquet

        cutoff, folder = context.partition_key, room.report_folder(context.partition_key)
        if not room.has_model(cutoff):
            return room.without_model()
        test = room.read_value_split(cutoff).test
        rival = find_rival(room, cutoff, room.read_training(cutoff)["model_id"])
        found = evaluate_value_candidate(room, cutoff, test, rival)
        weak, new_groups = search_value_groups(room, test, found, rival)
        gate = judge_value(room, cutoff, found, rival, new_groups)
        write_parquet(weak.to_frame(), folder / "weak_slices.parquet")
        metrics = write_value_evaluation(found, folder, gate)
        apply_decision(room, cutoff, found, gate)
        tables = {name: markdown_table(getattr(found, name).to_dict("records")) for name in ("leaderboard", "deciles")}
        return MaterializeResult(
            metadata={**floats(metrics), "gate": "\n".join(gate.reasons), **tables, **draw_value(found, company.config.currency)}
        )

    return evaluation


def evaluate_value_candidate(room: ValueRoom, cutoff: str, test: "ValueRows", rival: Rival | None) -> "ValueEvaluation":
    """Judge the model of a cutoff on its test date, beside all contenders and the model in use."""
    from clv_platform.evaluation.value import evaluate_value
    from clv_platform.review.feedback.named import name_groups
    from clv_platform.warehouse import read_parquet

    config, model_id, folder = room.company.config, room.read_training(cutoff)["model_id"], room.report_folder(cutoff)
    board, X = read_parquet(folder / "backtest_leaderboard.parquet"), test.X.reset_index(drop=True)
    groups = name_groups(read_said(room), room.target.name, X)
    evaluation = evaluate_value(
        test,
        room.load_value_model(model_id).predict(test.X, test.summary),
        read_parquet(folder / "contenders.parquet"),
        split="time_last_1",
        model_id=model_id,
        seed=config.training.seed,
        n_bootstraps=config.training.n_bootstraps,
        slices=X[columns_to_slice(room, X.columns)].join(membership(groups)),
        champion_spend=rival_spend(rival, test),
        kinds=dict.fromkeys(board.loc[board["kind"] == "comparator", "model"], "comparator"),
    )
    return name_reviewed_amounts(evaluation, groups)


def rival_spend(rival: Rival | None, test: "ValueRows") -> "np.ndarray | None":
    """What the model in use says about the test rows; None when there is none, or when it needs other features."""
    from clv_platform.models import FeatureMismatch
    from clv_platform.models.value import ValueArtifact

    if rival is None or not isinstance(rival.artifact, ValueArtifact):
        return None
    try:
        rival.artifact.check_features(test.features)
        return rival.artifact.predict(test.X, test.summary).spend
    except FeatureMismatch:
        return None


def judge_value(
    room: ValueRoom, cutoff: str, evaluation: "ValueEvaluation", rival: Rival | None, new_weak_groups: Sequence[str] = ()
) -> "GateDecision":
    """Ask the gate."""
    from clv_platform.evaluation.value import decide_value_gate
    from clv_platform.models import read_decisions, withdrawal_of

    withdrawn = ""
    if is_newest_cutoff(room.company, cutoff):
        taken_out = withdrawal_of(read_decisions(room.models_root), str(evaluation.metrics["model_id"]))
        withdrawn = f"This very model was taken out of use. {taken_out.reasons[0]}" if taken_out else ""
    facts = {"max_bias": room.company.config.value_choice.max_bias, "new_weak_groups": new_weak_groups, "withdrawn": withdrawn}
    return decide_value_gate(evaluation, _opponent(rival, evaluation, cutoff), **facts)


def _opponent(rival: Rival | None, evaluation: "ValueEvaluation", cutoff: str) -> "Opponent | None":
    """What the gate must know about the model in use."""
    from clv_platform.evaluation import Opponent

    if rival is None:
        return None
    is_comparable = bool((evaluation.leaderboard["kind"] == "champion").any())
    why = "" if is_comparable else "it needs other features than these data have"
    return Opponent(rival.model_id, why, age_months=months_between(rival.artifact.manifest.cutoff, cutoff))


def search_value_groups(
    room: ValueRoom, test: "ValueRows", evaluation: "ValueEvaluation", rival: Rival | None = None
) -> "tuple[WeakSlices, tuple[str, ...]]":
    """Search the test rows for groups whose amounts the model gets wrong, and say which of them the model in use gets right."""
    from clv_platform.evaluation import find_weak_value_slices
    from clv_platform.evaluation.weak_slices import new_weak_slices

    config, rows = room.company.config, evaluation.predictions
    names = [name for name in config.slices if name in test.X.columns and name not in config.private and name in rows.columns]

    def search(predicted: "np.ndarray") -> "WeakSlices":
        return find_weak_value_slices(
            rows["y_true"].to_numpy(float),
            predicted,
            rows["account_id"].to_numpy(),
            rows[names],
            config.slice_search,
            seed=config.training.seed,
            event="margin" if room.target.value_means == "margin" else "revenue",
            labels={feature.name: feature.label for feature in test.features},
        )

    found, champion = search(rows["y_pred"].to_numpy(float)), rival_spend(rival, test)
    new = found.confirmed.head(0) if champion is None else new_weak_slices(found, search(champion))
    return found, tuple(new["sentence"])


def draw_value(found: "ValueEvaluation", currency: str) -> dict[str, Any]:
    """Pictures of the report for the UI."""
    from clv_platform.reports import value_figures

    return {
        "deciles_picture": picture(value_figures.decile_bars(found.deciles, currency, picture_format="png"), "expected and actual by tenth")
    }


def build_value_checks(company: Company, target: Target) -> list[AssetChecksDefinition]:
    """Return the checks of one value target."""
    room = ValueRoom(company, target)
    limit = company.config.value_choice.max_bias
    low, high = COVERAGE
    of_kind = [other.name for other in company.trained_targets if other.kind == target.kind]
    return [
        _no_leakage(room, "no_leakage" if len(of_kind) == 1 else f"no_leakage_of_{target.name}"),
        _figure_check(room, "total_is_about_right", f"The expected total is off by at most {100 * limit:.0f} %.", _bias_within(limit)),
        _figure_check(
            room, "interval_covers_as_promised", f"The 90 % interval holds in {100 * low:.0f} to {100 * high:.0f} % of cases.", _covers
        ),
        _figure_check(
            room,
            "ranking_beats_past_spend",
            "The best tenth of the list holds no less than that of ranking by past spend, or by present subscriptions where there are any.",
            _ranks,
        ),
        _weak_groups(room),
        _scores_cover(room),
    ]


def _no_leakage(room: ValueRoom, name: str) -> AssetChecksDefinition:
    @asset_check(
        asset=room.examples_key, name=name, blocking=True, description="No feature holds the outcome, no learning window the test."
    )
    def no_leakage(context: AssetCheckExecutionContext) -> AssetCheckResult:
        from clv_platform.datasets import NotEnoughHistory, find_value_leaks

        try:
            split = room.read_value_split(cutoff_of(context, room.company))
        except NotEnoughHistory as error:
            return AssetCheckResult(passed=True, description=f"Nothing is learnt yet. {error}")
        report = find_value_leaks(split, room.target.name)
        return AssetCheckResult(passed=report.is_clean, description=report.message, metadata={"n_rows": len(split.examples)})

    return no_leakage


def _figure_check(
    room: ValueRoom, name: str, description: str, judge: Callable[[Mapping[str, Any]], tuple[bool, str]]
) -> AssetChecksDefinition:
    @asset_check(asset=room.key("evaluation", "evaluation"), name=name, description=description)
    def claim(context: AssetCheckExecutionContext) -> AssetCheckResult:
        path = room.report_folder(cutoff_of(context, room.company)) / "metrics.json"
        metrics = json.loads(path.read_text(encoding="utf-8"))
        if metrics["verdict"] == NOT_ENOUGH:
            return AssetCheckResult(passed=True, description="There is too little history for a model, so nothing is claimed.")
        passed, told = judge(metrics)
        return AssetCheckResult(passed=passed, severity=AssetCheckSeverity.WARN, description=told)

    return claim


def _bias_within(limit: float) -> Callable[[Mapping[str, Any]], tuple[bool, str]]:
    def judge(metrics: Mapping[str, Any]) -> tuple[bool, str]:
        bias = metrics["bias"]
        if bias is None:
            return False, "Nothing was spent, so no total can be right."
        return abs(bias) <= limit, f"Off by {100 * bias:+.1f} %."

    return judge


def _covers(metrics: Mapping[str, Any]) -> tuple[bool, str]:
    share = metrics["coverage_90"]
    if share is None:
        return False, "There is no interval."
    return COVERAGE[0] <= share <= COVERAGE[1], f"{100 * share:.1f} % of the amounts lie in their 90 % interval."


def _ranks(metrics: Mapping[str, Any]) -> tuple[bool, str]:
    rules = {"past spend": "past_spend_rate", "present subscriptions": "present_subscriptions"}
    known = {words: metrics.get(f"top10_share_{rule}") for words, rule in rules.items()}
    simple = {words: share for words, share in known.items() if share is not None}
    own = metrics.get("top10_share")
    if own is None or not simple:
        return True, "Ranking by past spend has no figure here."
    best = max(simple, key=lambda words: simple[words])
    return own >= simple[best], f"The best tenth holds {100 * own:.1f} %; ranked by {best} it holds {100 * simple[best]:.1f} %."


def _weak_groups(room: ValueRoom) -> AssetChecksDefinition:
    @asset_check(
        asset=room.key("evaluation", "evaluation"),
        name="no_confirmed_weak_slice",
        description="No group is found in which the expected amounts are wrong beyond chance, however many groups were looked at.",
    )
    def no_confirmed_weak_slice(context: AssetCheckExecutionContext) -> AssetCheckResult:
        from clv_platform.warehouse import read_parquet

        path = room.report_folder(cutoff_of(context, room.company)) / "weak_slices.parquet"
        if not path.is_file():
            return AssetCheckResult(passed=True, description="There is no model, so nothing is claimed.")
        return judge_weak_slices(read_parquet(path))

    return no_confirmed_weak_slice


def _scores_cover(room: ValueRoom) -> AssetChecksDefinition:
    @asset_check(
        asset=room.key("scores", "scores"),
        name="scores_cover_every_eligible_account",
        description="Every eligible account of the newest snapshot has exactly one amount, with an interval around its median.",
    )
    def scores_cover(context: AssetCheckExecutionContext) -> AssetCheckResult:
        cutoff = cutoff_of(context, room.company)
        scored = room.read_scores(cutoff) if room.has_model(cutoff) else None
        if scored is None or not len(scored):
            return AssetCheckResult(passed=True, description="There is no champion, so nothing is scored.")
        n_expected = room.read_training(cutoff)["n_scored"]
        is_whole = len(scored) == n_expected and bool(scored["account_id"].is_unique)
        is_ordered = bool((scored["score_lo"] <= scored["score_hi"]).all()) and bool(scored["score"].notna().all())
        told = f"{len(scored):,} amounts for {n_expected:,} eligible accounts."
        return AssetCheckResult(passed=is_whole and is_ordered, description=told)

    return scores_cover
