"""The page on the history of departures: sections made from the tables of `exploration.churn_history`.

Add a section as a function from `ChurnHistory` to `Section | None`. Keep sentences out (see `churn_history_words`).
"""

from __future__ import annotations

import math
from datetime import date

import pandas as pd

from clv_platform.config import CompanyConfig, Target
from clv_platform.exploration.churn_history import ChurnHistory, label_of
from clv_platform.exploration.churn_history_signals import SILENCE
from clv_platform.reports import churn_history_words as told
from clv_platform.reports import survival_figures
from clv_platform.reports.bridge import bridge_to_history
from clv_platform.reports.page import BESIDE_TARGET, Picture
from clv_platform.reports.sections import Section, render_sections
from clv_platform.reports.tables import Cell, Table
from clv_platform.reports.words import MISSING, day, is_number, percent, whole

MAX_LINES = 6
MAX_ROWS_DRAWN = 14


def render_churn_history(
    config: CompanyConfig, target: Target, history: ChurnHistory, cutoff: date | None, n_on_file: int | None = None
) -> str:
    """Render the page of one churn target; `n_on_file` is the number of all accounts, in the history or not.

    Returns
    -------
    str
        HTML without any address outside the page; the same tables give the same text.
    """
    facts = history.facts
    known = "No dates: one flat table." if cutoff is None else f"As known on {day(cutoff)}."
    others = bridge_to_history(n_on_file, facts.get("n"), target)
    built = (_life(history), _groupings(config, history), _signals(history), _hazards(history), _limits(target, facts))
    return render_sections(
        f"{config.title} · history of departures",
        told.headline(target, facts, history.groups) if len(history.groups) else "Too few accounts for a history of departures.",
        f"{told.leaving_means(target)} {known} {others}".strip(),
        [section for section in built if section is not None],
        notice="" if cutoff is not None else "The data have no dates: this is one look at one moment.",
        nav=BESIDE_TARGET,
    )


def _life(history: ChurnHistory) -> Section | None:
    everyone = history.curves[history.curves["grouping"] == ""]
    if everyone.empty:
        return None
    pictures = (
        Picture.of("survival", survival_figures.survival_curves(everyone), "Share still here", told.read_curve(history.groups)),
        Picture.of("life", survival_figures.departures_by_life(history.life), "Departures per month of life", told.read_life(history.life)),
    )
    rows = tuple(
        (
            Cell(survival_figures.period_words(row["from_month"], row["to_month"])),
            Cell(whole(row["n_months"])),
            Cell(whole(row["n_left"])),
            Cell(percent(row["rate"]), f"{percent(row['lo'])} to {percent(row['hi'])}"),
        )
        for _, row in history.life.iterrows()
    )
    table = Table(
        "Departures by period of life", ("months of life", "account-months", "left", "leave per month"), rows, frozenset({1, 2, 3})
    )
    return Section("life", "When in their life accounts leave", (pictures, table))


def _groupings(config: CompanyConfig, history: ChurnHistory) -> Section | None:
    names = list(dict.fromkeys(name for name in history.groups["grouping"] if name))
    if not names:
        return None
    pictures = tuple(
        Picture.of(
            f"by-{name}",
            survival_figures.survival_curves(history.curves[history.curves["grouping"] == name]),
            f"Still here by {label_of(config, name)}",
            told.read_grouping(name, label_of(config, name), history.groups, history.tests),
        )
        for name in names
    )
    pairs = tuple(pictures[i : i + 2] for i in range(0, len(pictures), 2))
    marks = [mark for mark in (3, 6, 12, 24, 36) if history.groups[f"survival_{mark}"].notna().any()]
    rows = tuple(
        (
            Cell(label_of(config, row["grouping"]) or "all"),
            Cell(row["level"]),
            Cell(whole(row["n"])),
            Cell(whole(row["n_left"])),
            *(_share(row, f"survival_{mark}") for mark in marks),
            _median(row),
        )
        for _, row in history.groups.iterrows()
    )
    header = ("by", "level", "accounts", "left", *(f"here after {mark} months" for mark in marks), "half have left after")
    table = Table("Curves at fixed ages, with 95 % intervals", header, rows, frozenset(range(2, len(header))))
    tests = Table(
        "Log-rank tests: are the curves of all levels the same?",
        ("by", "accounts", "left", "levels", "chi-square", "p", "p, Holm"),
        tuple(
            (
                Cell(label_of(config, str(row["grouping"]))),
                *(Cell(whole(row[name])) for name in ("n", "n_left", "n_levels")),
                Cell(f"{row['chi2']:.1f}"),
                *(Cell(_p(row[name])) for name in ("p", "p_adjusted")),
            )
            for _, row in history.tests.iterrows()
        ),
        frozenset(range(1, 7)),
    )
    folded = (("Shares at fixed ages, medians and tests", (table, tests)),)
    where = (
        "A curve begins, at 100 %, at the age from which at least 20 accounts of its level are seen and says how many of those stay on. "
        "Where curves begin at different ages, compare how steeply they fall at the same age, not how high they lie."
    )
    return Section("groups", "By product, territory, cohort and the config's slices", (where, *pairs), folded)


def _signals(history: ChurnHistory) -> Section | None:
    if history.signals.empty:
        return None
    last = history.signals[history.signals["months_before"] == 1]
    order = (last["share_above"] - 0.5).abs().sort_values(ascending=False, kind="stable").index
    top = list(last.loc[order, "feature"].head(MAX_LINES))
    drawn = pd.concat([history.signals[history.signals["feature"] == name] for name in top])
    title = "Signals of leavers against stayers before leaving"
    picture = Picture.of("signals", survival_figures.signals_before(drawn), title, told.read_signals(history.signals))
    rows = tuple(
        (
            Cell(row["label"], row["family"] + ("; none yet counts as the longest" if row["family"] == SILENCE else "")),
            Cell(percent(row["share_above"]), f"{percent(row['lo'])} to {percent(row['hi'])}"),
            *(Cell(_median_words(row[f"median_{who}"], row["family"])) for who in ("leavers", "stayers")),
            Cell(whole(row["n_leavers"]), f"{whole(row['n_stayers'])} stayed"),
            Cell(_p(row["p_adjusted"])),
        )
        for _, row in last.loc[order].iterrows()
    )
    header = ("signal", "leaver above stayer", "median of leavers", "median of stayers", "left", "p (false discovery)")
    table = Table("The last snapshot before leaving", header, rows, frozenset({1, 2, 3, 4, 5}), _muted(last.loc[order, "p_adjusted"]))
    why = (
        "Each leaver is compared with accounts that were here at the same date and still are a horizon later. 50 % means no difference; "
        "what was known at the snapshot counts, nothing after it."
    )
    return Section("signals", "What went before: silence, support, usage", (why, picture, table))


def _hazards(history: ChurnHistory) -> Section | None:
    blocks: list[str | Table | tuple[Picture, ...]] = []
    pictures: list[Picture] = []
    tables: list[Table] = []
    readings = {"attribute": told.read_attributes, "signal": told.read_signal_ratios}
    titles = {"attribute": "Who leaves sooner", "signal": "From low to high in a signal"}
    for kind, read in readings.items():
        own = history.hazards[history.hazards["kind"] == kind] if len(history.hazards) else history.hazards
        if own.empty:
            continue
        own = own.assign(words=own["label"] + (": " + own["level"] + " against " + own["reference"] if kind == "attribute" else ""))
        far = own.assign(far=(own["ratio"].map(_log)).abs()).sort_values("far", ascending=False, kind="stable").head(MAX_ROWS_DRAWN)
        drawn = far.sort_values("ratio", ascending=False, kind="stable")
        pictures.append(Picture.of(f"ratios-{kind}", survival_figures.ratio_forest(drawn), titles[kind], read(own)))
        tables.append(_ratio_table(kind, own))
    if not pictures:
        return None
    blocks += [
        "A ratio of 2 means: leaves twice as often at the same age. Signals compare accounts at the 90th with accounts at the 10th "
        "percentile of the same date; attributes compare with the largest level. All others are held equal.",
        tuple(pictures),
        told.read_constancy(history.hazards),
    ]
    return Section("ratios", "Who leaves sooner, the others held equal", tuple(blocks), (("All ratios with intervals", tuple(tables)),))


def _ratio_table(kind: str, own: pd.DataFrame) -> Table:
    rows = tuple(
        (
            Cell(row["words"]),
            Cell(f"{row['ratio']:.2f}", f"{row['lo']:.2f} to {row['hi']:.2f}"),
            Cell(f"{row['alone']:.2f}", f"{row['alone_lo']:.2f} to {row['alone_hi']:.2f}"),
            Cell(whole(row["n"]), f"{whole(row['n_left'])} left"),
            Cell(_p(row["p"])),
            Cell(_p(row["p_constant"])),
        )
        for _, row in own.iterrows()
    )
    header = (kind, "ratio, others held equal", "ratio alone", "accounts", "p", "p, same throughout life")
    return Table(f"Hazard ratios of {kind}s with 95 % intervals", header, rows, frozenset({1, 2, 3, 4, 5}), _muted(own["p"]))


def _limits(target: Target, facts: dict) -> Section:
    return Section("limits", "What this doesn't show", told.build_limits(target, facts))


def _muted(p: pd.Series) -> frozenset[int]:
    return frozenset(i for i, value in enumerate(p) if not (is_number(value) and value < told.ALARM))


def _share(row: pd.Series, name: str) -> Cell:
    value = row[name]
    return Cell(percent(value), f"{percent(row[f'{name}_lo'])} to {percent(row[f'{name}_hi'])}") if is_number(value) else Cell(MISSING)


def _median(row: pd.Series) -> Cell:
    if not is_number(row["median"]):
        return Cell("not reached")
    return Cell(told.months(row["median"]), told.median_range(row))


def _p(value: float) -> str:
    return MISSING if not is_number(value) else ("< .001" if value < 0.001 else f"{value:.3f}".lstrip("0"))


def _median_words(value: float, family: str) -> str:
    return "none yet" if family == SILENCE and not is_number(value) else _number(value)


def _number(value: float) -> str:
    return f"{value:,.3g}" if is_number(value) and abs(value) < 1000 else whole(value)


def _log(value: float) -> float:
    return math.log(max(value, 1e-12))
