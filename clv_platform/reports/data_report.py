"""The data report: from raw rows to marts, for every company, with or without a target; a pure function of its inputs.

Here: what the sections say. Facts come from `data_facts`, layout from the template. Add a table's price of absence to `COST_OF_ABSENCE`.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from clv_platform.reports import figures, words
from clv_platform.reports.inputs import DataReportInputs
from clv_platform.reports.page import INDEX, Picture, render_page
from clv_platform.reports.tables import Cell, Table
from clv_platform.reports.words import MISSING, are, counted, is_number, percent, sentence_list, whole

COST_OF_ABSENCE = {
    "accounts": "Accounts are known by their events alone: no territory, industry or sign-up date to learn from or to compare groups by.",
    "subscriptions": "No plans: upgrades can't be told from them, and there is nothing about price, seats or trials.",
    "orders": "No purchases: nothing about how often, how recently and for how much an account buys.",
    "usage": "No usage: nothing about activity, its trend and its drop, often the strongest sign of an upgrade or a departure.",
    "support_cases": "No support cases: trouble and its solution stay unseen.",
    "web_sessions": "No web visits: interest before a purchase stays unseen.",
    "feedback": "No feedback: what accounts say stays unheard.",
    "campaigns": "No campaigns: contacts, if given, carry no name, channel or budget.",
    "campaign_contacts": "No campaign contacts: nobody can tell whether an account acted on its own or because it was asked.",
}
MAX_REASONS_PER_TABLE = 12
MAX_RESPELT = 40


@dataclass(frozen=True)
class FeatureGroup:
    """Features of one group as a table."""

    name: str
    table: Table


def render_data_report(inputs: DataReportInputs) -> str:
    """Render the report on a company's data.

    Parameters
    ----------
    inputs : DataReportInputs
        Numbers and facts, see `collect_data_facts`; nothing else is read.

    Returns
    -------
    str
        HTML without any address outside the page; the same inputs give the same text.
    """
    return render_page(
        "data_report.html.j2",
        title=f"{inputs.config.title} · the data",
        nav=(INDEX,),
        inputs=inputs,
        headline=_headline(inputs),
        conservation=_conservation_table(inputs.tables),
        is_conserved=_is_conserved(inputs.tables),
        rejects=_reasons_table(inputs),
        respelt=_respelt_table(inputs),
        absent=_absent(inputs),
        activity=_activity_pictures(inputs.activity),
        eligibility=_eligibility_table(inputs),
        base_rates=_base_rate_pictures(inputs.base_rates),
        groups=_feature_groups(inputs.features),
    )


def _absent(inputs: DataReportInputs) -> list[tuple[str, str]]:
    """What wasn't given, and what it costs: tables, then columns without a single value."""
    found = [(name.replace("_", " "), COST_OF_ABSENCE[name]) for name in COST_OF_ABSENCE if name not in inputs.config.sources]
    for column, names in inputs.absent_features.items():
        table, _, name = column.partition(".")
        found.append((f"{name} of {table.replace('_', ' ')}", f"Not given or empty, so left out: {sentence_list(list(names))}."))
    return found


def draw_data_pictures(inputs: DataReportInputs, picture_format: figures.Format = "png") -> dict[str, bytes]:
    """Draw the report's pictures, PNG for the Dagster UI: activity_<table> and base_rate_<target> to bytes."""
    drawn: dict[str, bytes] = {}
    for name, frame in _parts(inputs.activity, "table_name"):
        drawn[f"activity_{name}"] = figures.activity_over_time(frame, "rows per month", picture_format=picture_format)
    for name, frame in _parts(inputs.base_rates, "target"):
        if frame["as_of_date"].notna().all():
            drawn[f"base_rate_{name}"] = figures.base_rate_over_time(frame, picture_format=picture_format)
    return drawn


def _parts(frame: pd.DataFrame, by: str) -> list[tuple[str, pd.DataFrame]]:
    return [(str(name), frame[frame[by] == name].reset_index(drop=True)) for name in dict.fromkeys(frame[by])] if len(frame) else []


def _headline(inputs: DataReportInputs) -> str:
    tables = inputs.tables
    if tables.empty:
        return "No row has been read yet."
    read, used = int(tables["n_read"].sum()), int(tables["n_used"].fillna(tables["n_accepted"]).sum())
    share = percent(used / read, 1) if read else MISSING
    text = f"{whole(used)} of {counted(read, 'row')} read {are(used)} used ({share}), from {counted(len(tables), 'table')}"
    if inputs.observed_from and inputs.observed_until:
        text += f", with events from {words.day(inputs.observed_from)} to before {words.day(inputs.observed_until)}"
    return f"{text}."


def _is_conserved(tables: pd.DataFrame) -> bool:
    return bool(tables.empty or (tables["n_read"] == tables["n_accepted"] + tables["n_rejected"] + tables["n_excluded"]).all())


def _conservation_table(tables: pd.DataFrame) -> Table:
    rows = []
    for row in tables.to_dict("records"):
        read = row["n_read"]
        rows.append(
            (
                Cell(str(row["table_name"]).replace("_", " "), str(row["source"])),
                _count(read, None),
                _count(row["n_accepted"], read),
                _count(row["n_rejected"], read),
                _count(row["n_excluded"], read),
                _count(row["n_duplicates"], row["n_accepted"]),
                _count(row["n_late"], row["n_accepted"]),
                _count(row["n_used"], read),
            )
        )
    header = ("table", "read", "accepted", "rejected", "left out by a rule", "doubles removed", "later than the data's end", "used")
    return Table("Every row that was read, and what became of it", header, tuple(rows), frozenset(range(1, 8)))


def _count(value: object, of: object) -> Cell:
    share = percent(value / of, 2) if is_number(value) and is_number(of) and of and value else ""
    return Cell(whole(value), share, float(value) if is_number(value) else None)


def _reasons_table(inputs: DataReportInputs) -> Table | None:
    read = dict(zip(inputs.tables["table_name"], inputs.tables["n_read"], strict=True)) if len(inputs.tables) else {}
    rows: list[tuple[Cell, ...]] = []
    for name, frame in _parts(inputs.rejects, "table_name"):
        shown = frame.head(MAX_REASONS_PER_TABLE)
        for row in shown.to_dict("records"):
            what = "account not in accounts" if row["kind"] == "orphan" else "rejected"
            column = "" if pd.isna(row["column_name"]) else str(row["column_name"])
            rows.append((Cell(name.replace("_", " "), column), Cell(str(row["reason"])), Cell(what), _count(row["n"], read.get(name))))
        if len(frame) > len(shown):
            rest = int(frame["n"].iloc[len(shown) :].sum())
            rows.append(
                (
                    Cell(name.replace("_", " ")),
                    Cell(f"{counted(len(frame) - len(shown), 'further reason')}"),
                    Cell(""),
                    _count(rest, read.get(name)),
                )
            )
    for row in inputs.exclusions.to_dict("records"):
        name = str(row["table_name"])
        rule = str(row["rule"]).replace("_", " ")
        rows.append((Cell(name.replace("_", " ")), Cell(rule), Cell("rule of the config"), _count(row["n"], read.get(name))))
    return Table("Why rows were left out", ("table", "reason", "kind", "rows"), tuple(rows), frozenset({3})) if rows else None


def _respelt_table(inputs: DataReportInputs) -> Table | None:
    """What was spelt otherwise: no row is lost by it, and the raw table keeps what was given."""
    rows = [
        (
            Cell(str(row["table_name"]).replace("_", " "), str(row["column_name"])),
            Cell(repr(row["given"])),
            Cell(str(row["used"])),
            _count(row["n"], None),
        )
        for row in inputs.respelt.head(MAX_RESPELT).to_dict("records")
    ]
    if len(inputs.respelt) > MAX_RESPELT:
        rest = inputs.respelt.iloc[MAX_RESPELT:]
        rows.append((Cell(counted(len(rest), "further spelling")), Cell(""), Cell(""), _count(int(rest["n"].sum()), None)))
    header = ("table", "given", "read as", "rows")
    return Table("Respelt: other spellings of the same name", header, tuple(rows), frozenset({3})) if rows else None


def _activity_pictures(activity: pd.DataFrame) -> list[Picture]:
    return [
        Picture.of(
            f"activity-{name}",
            figures.activity_over_time(frame, "rows per month"),
            name.replace("_", " ").capitalize(),
            words.read_activity(frame, "rows"),
        )
        for name, frame in _parts(activity, "table_name")
    ]


def _base_rate_pictures(rates: pd.DataFrame) -> list[tuple[str, Picture | None, str]]:
    """Per target: name, picture where there are dates, reading."""
    found: list[tuple[str, Picture | None, str]] = []
    for name, frame in _parts(rates, "target"):
        reading = words.read_base_rate(frame)
        dated = frame["as_of_date"].notna().all()
        picture = Picture.of(f"base-{name}", figures.base_rate_over_time(frame), f"Share of positives: {name}", reading) if dated else None
        found.append((name, picture, reading))
    return found


def _eligibility_table(inputs: DataReportInputs) -> Table | None:
    """Accounts per snapshot: kept, and left out by reason; one column per reason."""
    if inputs.spine.empty:
        return None
    excluded = inputs.excluded_accounts
    reasons = list(dict.fromkeys(excluded["reason"])) if len(excluded) else []
    rows = []
    dates = [*inputs.spine["as_of_date"], *(excluded["as_of_date"] if len(excluded) else ())]
    for date in sorted({None if pd.isna(date) else date for date in dates}, key=str):
        kept = inputs.spine["as_of_date"].isna() if date is None else inputs.spine["as_of_date"] == date
        cells = [Cell("undated" if date is None else f"{pd.Timestamp(date):%Y-%m-%d}")]
        cells.append(_count(int(inputs.spine.loc[kept, "n_accounts"].sum()), None))
        for reason in reasons:
            same = excluded["as_of_date"].isna() if date is None else excluded["as_of_date"] == date
            cells.append(_count(int(excluded.loc[same & (excluded["reason"] == reason), "n"].sum()), None))
        rows.append(tuple(cells))
    header = ("snapshot", "accounts kept", *(f"left out: {reason}" for reason in reasons))
    return Table("Accounts per snapshot", header, tuple(rows), frozenset(range(1, len(header))))


def _feature_groups(features: pd.DataFrame) -> list[FeatureGroup]:
    groups = []
    header = ("feature", "meaning", "missing", "mean", "5 %", "median", "95 %", "most frequent")
    for name, frame in _parts(features, "group"):
        rows = tuple(_feature_row(row) for row in frame.to_dict("records"))
        title = {"rfm": "Purchases (recency, frequency, amount)"}.get(name, name.capitalize())
        groups.append(FeatureGroup(title, Table(f"{title}: {counted(len(rows), 'feature')}", header, rows, frozenset(range(2, 7)))))
    return groups


def _feature_row(row: dict) -> tuple[Cell, ...]:
    facts = sentence_list([text for text in (row["window"], row["unit"]) if text]).replace(" and ", ", ")
    first = (Cell(str(row["name"])), Cell(str(row["label"]), facts))
    if row["is_private"]:
        return (*first, Cell("private"), *(Cell(MISSING) for _ in range(5)))
    missing = percent(row["n_missing"] / row["n"]) if is_number(row["n"]) and row["n"] else MISSING
    top = ""
    if isinstance(row["top_level"], str):
        top = f"{row['top_level']} ({percent(row['top_share'])})"
    elif row["type"] == "boolean" and is_number(row["top_share"]):
        share = float(row["top_share"])  # of yes
        top = f"yes ({percent(share)})" if share >= 0.5 else f"no ({percent(1 - share)})"
    numbers = (_plain(row[key]) if row["type"] == "number" else MISSING for key in ("mean", "lowest", "median", "highest"))
    return (*first, Cell(missing), *(Cell(text) for text in numbers), Cell(top or MISSING))


def _plain(value: object) -> str:
    """Write a number of unknown size: three digits that count."""
    if not is_number(value):
        return MISSING
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"
