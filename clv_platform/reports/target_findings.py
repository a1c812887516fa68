"""What the numbers of one target say: verdict, limits, next steps, in plain words.

Add a limit here with the condition that makes it true. Keep tables (see `target_tables`) and layout out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from clv_platform.contracts.raw_tables import RAW_TABLES
from clv_platform.reports.bridge import bridge_to_asked
from clv_platform.reports.inputs import TargetReportInputs
from clv_platform.reports.tables import model_words
from clv_platform.reports.words import (
    NBSP,
    day,
    days_list,
    event_words,
    interval,
    is_number,
    list_date,
    percent,
    score,
    sentence_list,
    times,
    whole,
)

BASELINE_WORDS = {"best_single_column": "sorting by the best single column", "logistic_regression": "logistic regression"}
_KEEP_COPIES = "Keep a dated copy of this table every month; with three months of it the next model can be tested on the future."
Level = Literal["good", "kept", "nothing"]


@dataclass(frozen=True)
class Verdict:
    """The answer in one or two sentences; `reasons` are the gate's own."""

    level: Level
    headline: str
    detail: str
    reasons: tuple[str, ...]


def build_verdict(inputs: TargetReportInputs) -> Verdict:
    """Say what a reader should do, with the number that matters."""
    metrics, words = inputs.metrics, event_words(inputs.target.kind)
    reasons = inputs.gate.reasons
    chance = score(metrics.get("pr_auc_baseline", base_rate(inputs)))
    evidence = f"PR-AUC {score(metrics.get('pr_auc'))}{_between(metrics, 'pr_auc')}, against {chance} for a list in random order"
    if inputs.gate.verdict == "nothing_learnt":
        rivals = _not_beaten(inputs)
        headline = f"Nothing was learnt: the model can't tell which accounts {words.will} any better than chance."
        if rivals and "prevalence" not in rivals:
            names = sentence_list([_rival_words(inputs, name) for name in rivals])
            headline = f"Nothing was learnt that a simple rule doesn't know: the model isn't clearly better than {names}."
        detail = (
            f"On {whole(metrics.get('n'))} test rows with {whole(metrics.get('n_positive'))} {words.many} the model reaches {evidence}."
        )
        rest = "and there is no list" if inputs.call_list.empty else "and the list comes from the model in use before"
        return Verdict("nothing", headline, f"{detail} It isn't put into use, {rest}.", reasons)
    lift = metrics.get("lift_at_20")
    better = f", {times(lift)} times as many as at random" if is_number(lift) else ""
    reach = percent(metrics.get("capture_at_20"))
    # Without dates nothing says that a label is yet to come: the figures are of accounts that the model hadn't seen.
    which = f"the {words.many} among accounts like these" if inputs.split.is_undated else f"the coming {words.many}"
    headline = f"{words.call} the fifth of accounts with the highest scores and you reach {reach} of {which}{better}."
    detail = f"Measured on {whole(metrics.get('n'))} test rows with {whole(metrics.get('n_positive'))} {words.many}: {evidence}."
    if inputs.gate.is_promoted:
        return Verdict("good", headline, detail, reasons)
    rest = "there is no list" if inputs.call_list.empty else "the list comes from the model before it"
    return Verdict(
        "kept",
        f"This model was not put into use; {rest}.",
        f"For this model: {headline} {detail}",
        reasons,
    )


def _not_beaten(inputs: TargetReportInputs) -> list[str]:
    """Baselines that the model doesn't beat beyond the interval."""
    board = inputs.leaderboard
    if board.empty:
        return []
    return [str(name) for name in board.loc[(board["kind"] == "baseline") & ~(board["pr_auc_difference_lo"] > 0), "model"]]


def _rival_words(inputs: TargetReportInputs, name: str) -> str:
    """Name a simple rule; of the best single column, which one it is."""
    notes = inputs.leaderboard.set_index("model").get("note")
    note = notes.get(name) if notes is not None and name == "best_single_column" else None
    return BASELINE_WORDS.get(name, name.replace("_", " ")) + (f" ({note})" if isinstance(note, str) and note else "")


def list_scope(inputs: TargetReportInputs) -> str:
    """Say how many accounts were scored, how many of them the list shows, and whom it leaves out because it has happened already."""
    n_listed, n_scored = len(inputs.call_list.head(inputs.config.call_list_size)), inputs.n_scored
    if n_scored is None or not n_listed:
        return ""
    gone = happened_sentence(inputs)
    if n_listed >= n_scored:
        return f"All {whole(n_scored)} accounts that were scored are on this list."
    return (
        f"{whole(n_scored)} accounts were scored; this list holds the best {whole(n_listed)} of them ({percent(n_listed / n_scored)}; "
        f"`call_list_size` of the config).{gone} The fifth with the highest scores, which figures below speak of, would be the first "
        f"{whole(round(n_scored / 5))}. To take along: {published_sentence(inputs.target.name)}"
    )


def published_sentence(target: str) -> str:
    """Say where the scores and the list lie for other programs and spreadsheets."""
    place = f"published/current/{target}/call_list.csv"
    return f"the newest list as a spreadsheet is {place} in the company's data folder; all scores are beside it."


def happened_sentence(inputs: TargetReportInputs) -> str:
    """Say how many accounts are left out of the list and why; empty when none is."""
    if not inputs.n_happened or inputs.split.scoring_date is None:
        return ""
    words, n = event_words(inputs.target.kind), inputs.n_happened
    isnt = "isn't" if n == 1 else "aren't"
    when = f"between the snapshot of {day(inputs.split.scoring_date)} and {day(inputs.cutoff)} already"
    return f" {whole(n)} of those scored {words.did} {when}, so {'it' if n == 1 else 'they'} {isnt} on the list."


def base_rate(inputs: TargetReportInputs) -> float:
    """Return the share of positives among the test rows; NaN without rows."""
    n, n_positive = inputs.metrics.get("n"), inputs.metrics.get("n_positive")
    return float(n_positive) / float(n) if is_number(n) and is_number(n_positive) and n else float("nan")


def _between(metrics: Mapping[str, Any], name: str) -> str:
    text = interval(name, metrics.get(f"{name}_lo"), metrics.get(f"{name}_hi"))
    return f" (95{NBSP}% interval {text})" if text else ""


def accuracy_sentence(inputs: TargetReportInputs) -> str:
    """Say, from these data, why accuracy is no measure."""
    n, n_positive = inputs.metrics.get("n"), inputs.metrics.get("n_positive")
    if not is_number(n) or not is_number(n_positive) or not n:
        return ""
    right = percent(1 - n_positive / n, 0 if n_positive / n > 0.01 else 1)
    many = event_words(inputs.target.kind).many
    return f"Accuracy isn't shown. Always saying “no” would be right in {right} of cases and find none of the {many}."


def asked_rows(inputs: TargetReportInputs) -> list[tuple[str, str]]:
    """List what was asked, on which accounts and dates, as label and value."""
    split, metrics, target, words = inputs.split, inputs.metrics, inputs.target, event_words(inputs.target.kind)
    horizon = "" if split.is_undated else f" within {target.horizon_days} days"
    rows = [("Question", f"Which accounts {words.will}{horizon}?")]
    if split.is_undated:
        parts = f"Random, {split.n_folds} parts with equal shares of positives; each part is scored by a model that hasn't seen it"
        means = f". Figures are means over {split.n_fold_seeds} such splits" if split.n_fold_seeds > 1 else ""
        rows.append(("Split", f"{parts}{means}"))
    else:
        rows += [
            ("Known until", f"{day(inputs.cutoff)} (later events were not looked at)"),
            ("Learnt from", f"accounts as they were between {day(split.train_from)} and {day(split.train_until)}"),
            ("Tested on", f"the same question on {days_list(split.test_dates)}, after everything that was learnt from"),
        ]
    if split.n_train is not None:
        rows.append(("Training rows", f"{whole(split.n_train)}, of which {whole(split.n_train_positive)} {words.many}"))
    tested = f"{whole(metrics.get('n'))}, of which {whole(metrics.get('n_positive'))} {words.many} ({percent(base_rate(inputs))})"
    rows.append(("Test rows", tested + (f", of {whole(metrics['n_accounts'])} accounts" if "n_accounts" in metrics else "")))
    if not inputs.gate.is_promoted and inputs.call_list.empty and inputs.n_scored is None:
        rows.append(("Scored", "no account, because no model is in use"))
    elif split.scoring_date is not None:
        scored = f"{whole(inputs.n_scored)} accounts" if inputs.n_scored is not None else "accounts"
        rows.append(("Scored", f"{scored} as of {list_date(split.scoring_date, inputs.cutoff)}"))
    elif inputs.n_scored is not None:
        rows.append(("Scored", f"{whole(inputs.n_scored)} accounts"))
    if others := bridge_to_asked(inputs.n_on_file, inputs.n_scored, target):
        rows.append(("Not scored", others))
    if metrics.get("model_id"):
        kind = model_words(str(metrics.get("model_kind", "lightgbm")), metrics)
        rows.append(("Model", f"{metrics['model_id']}: {kind}"))
    return rows


def build_limits(inputs: TargetReportInputs) -> list[str]:
    """List what a reader must know before trusting the figures."""
    config, split, metrics, words = inputs.config, inputs.split, inputs.metrics, event_words(inputs.target.kind)
    limits: list[str] = []
    if split.is_undated:
        limits.append(
            "The data carry no dates. Training and test are random parts of the same accounts, so the figures say how well the model tells "
            "these accounts apart, not how well it foresees. A test on later accounts is usually worse."
        )
    if inputs.target.base_rate_is_sampled:
        limits.append(
            f"The share of positives in these data ({percent(base_rate(inputs))}) was set when rows were drawn into them; it isn't how "
            f"often accounts really {words.did}. The order of the list and ROC-AUC hold all the same; probabilities, PR-AUC, F1, lift and "
            "calibration hold only for rows drawn in the same way."
        )
    elif split.is_undated:
        limits.append(
            f"If accounts were drawn into this table by what they did (all {words.many}, some of the others), the share of positives isn't "
            "the true one: the order of the list still holds, the probabilities don't."
        )
    undated = [f.label for f in inputs.features if not f.is_point_in_time and f.name not in config.private]
    if undated and not split.is_undated:
        limits.append(
            f"Used as they are now, because their history isn't recorded: {sentence_list(undated)}. If they change after an account "
            f"{words.did}, the figures flatter the model."
        )
    hidden = [f.name for f in inputs.features if f.name in config.private]
    if hidden:
        limits.append(f"{len(hidden)} private column{'s are' if len(hidden) > 1 else ' is'} used by the model and never shown.")
    disjoint = metrics.get("pr_auc_account_disjoint")
    if is_number(disjoint) and not split.is_undated:
        limits.append(
            "Many test accounts were also seen, at earlier dates, in training. Trained again without a part of the accounts, PR-AUC on "
            f"these is {score(disjoint)}{_between(metrics, 'pr_auc_account_disjoint')}, where this model, which knows them, reaches "
            f"{score(metrics.get('pr_auc_account_disjoint_same_rows', metrics.get('pr_auc')))}."
        )
    limits.append(f"Probabilities were calibrated on {split.calibrated_on}.")
    absent = [name for name in RAW_TABLES if name not in config.sources and name != "account_snapshots"]
    if absent and "account_snapshots" not in config.sources:
        listed = sentence_list([name.replace("_", " ") for name in absent])
        limits.append(f"Tables that weren't given, so that nothing could be learnt from them: {listed}.")
    limits += _rejected(inputs)
    positives = metrics.get("n_positive")
    if is_number(positives) and positives < 100:
        limits.append(f"With {whole(positives)} {words.many} in the test, every figure is rough: look at the intervals.")
    return [*limits, *inputs.warnings]


def _rejected(inputs: TargetReportInputs) -> list[str]:
    tables = inputs.raw_load.tables if inputs.raw_load else ()
    read, rejected = sum(table.n_read for table in tables), sum(table.n_rejected for table in tables)
    if not rejected:
        return []
    worst = max(tables, key=lambda table: table.n_rejected)
    return [
        f"{whole(rejected)} of {whole(read)} rows read could not be used ({percent(rejected / read, 2)}), most of them in "
        f"{worst.name.replace('_', ' ')} ({whole(worst.n_rejected)}); the data report lists the reasons."
    ]


def build_next_steps(inputs: TargetReportInputs, level: Level) -> list[str]:
    """List what to do with this report."""
    words, split = event_words(inputs.target.kind), inputs.split
    if level == "nothing":
        no_list = f"Don't use a list for {words.many} from these data; keep the rule you have."
        steps = [no_list if inputs.call_list.empty else "Go on with the list of the model in use, and look at how its earlier lists did."]
        if is_number(inputs.metrics.get("n_positive")) and inputs.metrics["n_positive"] < 200:
            steps.append(f"More {words.many} help most: a longer history, or a longer horizon, gives more examples.")
        absent = [n.replace("_", " ") for n in ("usage", "support_cases", "web_sessions", "orders") if n not in inputs.config.sources]
        if absent and "account_snapshots" not in inputs.config.sources:
            steps.append(f"Add what isn't there yet: {sentence_list(absent)}.")
        return [*steps, "Check in the data report that the label means what you think, and that the months before it are filled."]
    if level == "kept" and inputs.call_list.empty:
        steps = [
            "No model is in use, so there is no list: keep the rule you have.",
            "Look at the reasons at the top of this page: what they name has to be mended before a model is trained again.",
        ]
        return [*steps, _KEEP_COPIES] if split.is_undated else steps
    steps = [
        f"{words.call} accounts in the order of the list, as far as time and money reach.",
        "Leave out a random tenth of the accounts that you would have contacted: only so one can tell later what the contact achieved.",
        "Read the table of groups before using the list for one of them: a weak group deserves another rule.",
    ]
    if split.is_undated:
        steps.append(_KEEP_COPIES)
    return steps
