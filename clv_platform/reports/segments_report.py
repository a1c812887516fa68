"""The page about segments, cohorts and where the value lies: sections made from `SegmentInputs`.

Add a section as a function from `SegmentInputs` to `Section | None`; None leaves it out. Sentences are in `segment_words`, pictures in
`segment_figures`.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from clv_platform.reports import segment_figures as figures
from clv_platform.reports import segment_words as told
from clv_platform.reports.exploration_figures import heat_map
from clv_platform.reports.page import Picture
from clv_platform.reports.sections import Section, render_sections
from clv_platform.reports.segment_inputs import SegmentInputs
from clv_platform.reports.tables import Cell, Table
from clv_platform.reports.words import MISSING, day, is_number, percent, sentence_list, whole

_GROUPS = (
    (
        "rfm_segment",
        "RFM segments",
        "RFM segment",
        "From recency, frequency and amount of purchases, each scored 1 to 5 among all accounts.",
    ),
    (
        "lifecycle_stage",
        "Stages of life",
        "stage",
        "From rules on age, silence and the chance to be still a customer; the config has the limits.",
    ),
    ("value_tier", "Value tiers", "tier", "The accounts in order of what they are expected to bring, cut at the shares of the config."),
)
_WORTH_BY = (("channel", "By channel", "channel"), ("cohort", "By time of joining", "cohort"))


def render_segments_report(inputs: SegmentInputs) -> str:
    """Render the page.

    Returns
    -------
    str
        HTML without any address outside the page; the same inputs give the same text.
    """
    built = (
        _segments(inputs), _migration(inputs), _groups(inputs), _cohorts(inputs), _concentration(inputs), _worth_by(inputs),
        _profitability(inputs), _choice(inputs), _limits(inputs),
    )  # fmt: skip
    title = f"{inputs.config.title} · segments, cohorts and stages"
    return render_sections(title, told.headline(inputs), told.detail(inputs), [section for section in built if section is not None])


def _segments(inputs: SegmentInputs) -> Section | None:
    kept, own = inputs.kept, inputs.profile
    if kept is None or own.empty:
        return None
    pictures: list[Picture] = []
    if inputs.projection is not None and len(inputs.projection.points):
        plane = inputs.projection
        svg = figures.plane(plane.points, across=", ".join(plane.across), upwards=", ".join(plane.upwards))
        pictures.append(Picture.of("plane", svg, "The accounts and their segments", told.read_plane(plane, kept)))
    real = own[own["segment"] > 0]
    if inputs.worth is not None and "mean_worth" in own:
        names = [f"{row['segment']} {row['name']}" for row in real.to_dict("records")]
        svg = figures.bars(names, list(real["mean_worth"]), f"per account, {inputs.config.currency}")
        pictures.append(Picture.of("worth", svg, inputs.worth.label.capitalize(), told.read_worth(real, inputs.worth)))
    return Section("segments", "The segments", (tuple(pictures), _profile_table(inputs)))


def _profile_table(inputs: SegmentInputs) -> Table:
    """Features down, segments across: names are long, figures short."""
    profile = inputs.profile.to_dict("records")
    titles = [f"{row['segment']} {row['name']}" if row["segment"] else "all accounts" for row in profile]
    rows = [(Cell("accounts"), *(Cell(whole(row["n"]), percent(row["share"]), row["n"]) for row in profile))]
    if inputs.worth is not None and "mean_worth" in inputs.profile:
        cells = (Cell(whole(row["mean_worth"]), f"{percent(row['worth_share'])} of all", row["mean_worth"]) for row in profile)
        rows.append((Cell(inputs.worth.label, f"{inputs.config.currency} per account"), *cells))
    for feature in inputs.features:
        if feature.name in inputs.profile:
            rows.append((Cell(feature.label), *(_figure(row[feature.name]) for row in profile)))
    caption = "What the accounts of each segment are like: figures of the account in the middle"
    return Table(caption, ("", *titles), tuple(rows), frozenset(range(1, len(titles) + 1)))


def _figure(value: object) -> Cell:
    return Cell(_short(value), value=float(value) if is_number(value) else None)


def _short(value: object) -> str:
    if not is_number(value):
        return MISSING
    return f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:.3g}"


def _migration(inputs: SegmentInputs) -> Section | None:
    if inputs.migration.empty or inputs.kept is None:
        return None
    names = inputs.kept.model.names
    numbers = {name: str(i + 1) for i, name in enumerate(names)}
    counts = inputs.migration.pivot_table(index="segment_before", columns="segment_now", values="n").fillna(0.0)
    order = [name for name in names if name in counts.index]
    across = [name for name in names if name in counts.columns]
    shares = counts.loc[order, across].div(counts.loc[order].sum(axis=1), axis=0)
    shares.index = [f"{numbers[name]} {name}" for name in order]
    shares.columns = [f"now {numbers[name]}" for name in across]
    reading = told.read_migration(inputs.migration, inputs)
    picture = Picture.of("migration", heat_map(shares, as_share=True), "From segment (rows) to segment (columns)", reading)
    moves = inputs.migration[inputs.migration["segment_before"] != inputs.migration["segment_now"]].sort_values(
        "n", ascending=False, kind="stable"
    )
    rows = tuple(
        (Cell(row["segment_before"]), Cell(row["segment_now"]), Cell(whole(row["n"])), Cell(percent(row["share"])))
        for row in moves.head(15).to_dict("records")
    )
    table = Table("The largest moves", ("from", "to", "accounts", "of those in “from”"), rows, frozenset({2, 3}))
    folded = (("The largest moves, by name", (table,)),) if rows else ()
    return Section("migration", f"Who moved since {day(inputs.snapshots.date_before)}", (picture,), folded)


def _groups(inputs: SegmentInputs) -> Section | None:
    there = [(*one, inputs.groups[one[0]]) for one in _GROUPS if one[0] in inputs.groups]
    pictures = tuple(_group_picture(inputs, table, name, title, what) for name, title, what, _, table in there)
    folded = tuple(
        (f"{title}: the figures", (_group_table(inputs, table, f"{title}. {meaning}", what),)) for _, title, what, meaning, table in there
    )
    blocks = (pictures,) if inputs.is_leaving_known or "lifecycle_stage" not in inputs.groups else (told.NO_LEAVING, pictures)
    return Section("stages", "RFM segments, stages of life and tiers", blocks, folded) if there else None


def _worth_by(inputs: SegmentInputs) -> Section | None:
    tables = [(name, title, what, inputs.groups[name]) for name, title, what in _WORTH_BY if name in inputs.groups]
    if not tables or inputs.worth is None:
        return None
    pictures = tuple(_group_picture(inputs, _by_time(table, name), name, title, what) for name, title, what, table in tables)
    folded = tuple((f"{title}: the figures", (_group_table(inputs, _by_time(t, name), title, what),)) for name, title, what, t in tables)
    return Section("worth", f"{inputs.worth.label.capitalize()} by channel and time of joining", (pictures,), folded)


def _by_time(table: pd.DataFrame, name: str) -> pd.DataFrame:
    return table.sort_values("level", kind="stable") if name == "cohort" else table


def _group_picture(inputs: SegmentInputs, table: pd.DataFrame, name: str, title: str, what: str) -> Picture:
    reading = told.read_groups(table, inputs.worth, what)
    if inputs.worth is not None and "mean_worth" in table:
        svg = figures.bars(list(table["level"]), list(table["mean_worth"]), f"{inputs.config.currency} per account")
    else:
        svg = figures.bars(list(table["level"]), list(table["share"]), "share of the accounts", is_share=True)
    return Picture.of(f"by-{name.replace('_', '-')}", svg, title, reading)


def _group_table(inputs: SegmentInputs, table: pd.DataFrame, caption: str, what: str) -> Table:
    has_worth = inputs.worth is not None and "mean_worth" in table
    rows = []
    for row in table.to_dict("records"):
        cells = [Cell(str(row["level"])), Cell(whole(row["n"])), Cell(percent(row["share"]), value=row["share"])]
        if has_worth:
            cells += [Cell(whole(row["mean_worth"]), value=row["mean_worth"]), Cell(percent(row["worth_share"]), value=row["worth_share"])]
        rows.append(tuple(cells))
    header = (what, "accounts", "share of accounts")
    if has_worth and inputs.worth is not None:
        header += (f"{inputs.worth.label}, {inputs.config.currency} per account", "share of the whole")
    return Table(caption, header, tuple(rows), frozenset(range(1, len(header))))


def _cohorts(inputs: SegmentInputs) -> Section | None:
    cohorts = inputs.cohorts
    if cohorts is None:
        return None
    names = [f"{name} ({whole(cohorts.n_accounts[name])})" for name in cohorts.retention.index]
    matrices = []
    for matrix in (cohorts.retention, cohorts.revenue):
        shown = matrix.copy()
        shown.index, shown.columns = names, [f"{age}" for age in matrix.columns]
        matrices.append(shown)
    active, spent = heat_map(matrices[0], as_share=True), heat_map(matrices[1])
    pictures = (
        Picture.of("retention", active, "Still active, by months since the begin", told.read_retention(cohorts)),
        Picture.of(
            "cohort-revenue", spent, "Brought in so far, by months since the begin", told.read_revenue(cohorts, inputs.config.currency)
        ),
    )
    text = (
        f"A cohort is the accounts that bought first in the same {cohorts.by}; their number stands behind it. Columns are months since "
        f"then.{told.read_first_cohort(cohorts)}"
    )
    return Section("cohorts", "Cohorts: who stays, and what they bring", (text, pictures))


def _concentration(inputs: SegmentInputs) -> Section | None:
    if inputs.concentration.empty:
        return None
    shown = [(name, words) for name, words in (("actual", "what happened"), ("expected", "expected")) if name in inputs.concentration]
    svg = figures.paired_bars(inputs.concentration, tuple(shown), "share of the whole amount")
    picture = Picture.of("concentration", svg, "Share of the whole held by each tenth", told.read_concentration(inputs.concentration))
    return Section("concentration", "How much hangs on a few accounts", (picture,))


def _profitability(inputs: SegmentInputs) -> Section | None:
    table = inputs.profitability
    if table.empty:
        return None
    rows = []
    for row in table.to_dict("records"):
        share = row["profit"] / row["revenue"] if row["revenue"] else float("nan")
        amounts = (Cell(whole(row[name]), value=row[name]) for name in ("revenue", "margin", "profit"))
        rows.append((Cell(str(row["level"])), Cell(whole(row["n"])), *amounts, Cell(percent(share))))
    currency = inputs.config.currency
    header = (
        "segment",
        "accounts",
        f"revenue, {currency}",
        f"after cost, {currency}",
        f"after contacts too, {currency}",
        "left of revenue",
    )
    caption = "All orders on file whose costs are known, and what contacting the accounts has cost"
    shown = Table(caption, header, tuple(rows), frozenset(range(1, 6)), strong=frozenset({len(rows) - 1}))
    return Section("profit", "What is left after costs", (told.read_profit(table), shown))


def _choice(inputs: SegmentInputs) -> Section | None:
    if inputs.kept is None:
        return Section("choice", "Why there are no segments", (inputs.verdict,))
    choice = inputs.kept.choice
    blocks: list[str | Table | Picture | tuple[Picture, ...]] = []
    if len(choice) > 1:
        blocks.append(
            (
                Picture.of("elbow", figures.elbow(choice), "Differences left (elbow)", told.read_elbow(choice)),
                Picture.of("silhouette", figures.silhouettes(choice), "Apart, and found again", told.read_silhouettes(choice)),
            )
        )
    blocks.append(told.read_alternatives(inputs.kept.alternatives))
    return Section("choice", "Why so many segments", tuple(blocks), (("The figures", (_choice_table(choice),)),))


def _choice_table(choice: pd.DataFrame) -> Table:
    rows = tuple(
        (
            Cell(whole(row["n_segments"])),
            *(Cell(f"{row[name]:,.{digits}f}") for name, digits in (("inertia", 0), ("silhouette", 3), ("stability", 3))),
        )
        for row in choice.to_dict("records")
    )
    header = ("segments", "sum of squared distances", "silhouette", "agreement when found again")
    strong = frozenset(i for i, row in enumerate(choice["is_chosen"]) if row)
    return Table("Every number that was tried; the chosen one in bold", header, rows, frozenset(range(4)), strong=strong)


def _limits(inputs: SegmentInputs) -> Section:
    features = sentence_list([feature.label for feature in inputs.features])
    limits: Sequence[str] = (
        f"Compared by: {features}. Skewed amounts count by their logarithm, all in units of their spread; where a figure is missing, the "
        "middle one of all accounts stands in.",
        "Segments stay the same from month to month until a retraining; accounts are put into the nearest one.",
        "Differences in worth between segments, channels and cohorts aren't effects: who joins by which channel is not by chance.",
        *(
            ("Worth is what was spent in the last year, because no value model is in use yet.",)
            if inputs.worth and not inputs.worth.is_expected
            else ()
        ),
    )
    return Section("limits", "Limits", tuple(limits))
