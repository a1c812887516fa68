"""The sections of the exploration report below the findings: groups, pairs of groups, time, targets, quality.

Each `build_<name>(config, tables)` returns a section, or None where the company has no columns for it; add it to `SECTIONS`. Keep
computation out: a section shows tables of `exploration`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clv_platform.config import CompanyConfig
from clv_platform.exploration import ALL, ExplorationTables, level_order, plain
from clv_platform.reports import exploration_figures as figures
from clv_platform.reports import exploration_words as readings
from clv_platform.reports.figures import Format, base_rate_over_time
from clv_platform.reports.page import Picture
from clv_platform.reports.sections import Section
from clv_platform.reports.tables import Cell, Table
from clv_platform.reports.words import MISSING, event_words, is_number, percent, read_base_rate, whole

MAX_TABLES_OPEN = 2
MAX_PAIR_PICTURES = 6
MAX_PROFILE_METRICS = 7
MAX_MONTH_PICTURES = 8
MAX_MISSING_SHOWN = 14
_TOTALS = frozenset({"n_orders", "revenue", "n_cases"})
_NOT_A_SUM = (
    " All accounts include those that have left since; the other lines are of today's accounts alone, so all isn't their sum or mean."
)
_WITHOUT_SUM = frozenset({"points", "years", "ratio", "share", "rank", "months"})  # adding these up over accounts says nothing


@dataclass(frozen=True)
class Drawn:
    """A picture that can be drawn as SVG for the page or PNG for the UI."""

    name: str
    title: str
    reading: str
    draw: Callable[[Format], bytes]

    def on_page(self) -> Picture:
        """Draw it for the page."""
        return Picture.of(self.name, self.draw("svg"), self.title, self.reading)


def build_groups(_config: CompanyConfig, tables: ExplorationTables) -> Section | None:
    """Counts, sums and means of each metric by each dimension."""
    frame = tables.by_group
    if frame.empty:
        return None
    names = [name for name in dict.fromkeys(frame["dimension"]) if name != ALL]
    shown = [_group_table(frame, name) for name in names] or [_group_table(frame, None)]
    text = "Average per account, the sum over the group's accounts beneath. Groups that are too small to compare are left out."
    folded = tuple((table.caption, (table,)) for table in shown[MAX_TABLES_OPEN:])
    return Section("groups", "Every metric by group", (text, *shown[:MAX_TABLES_OPEN]), folded)


def build_pairs(config: CompanyConfig, tables: ExplorationTables) -> Section | None:
    """Heat maps of two dimensions: engagement and impressions, by month back too; how the two mix; profiles of a range."""
    drawn = pair_pictures(config, tables)
    lags = lag_pictures(tables)
    others = [*mix_pictures(tables), *profile_pictures(tables)]
    if not drawn and not others:
        return None
    blocks = [tuple(picture.on_page() for picture in group) for group in (drawn[:MAX_PAIR_PICTURES], others) if group]
    folded = []
    if drawn[MAX_PAIR_PICTURES:]:
        further = drawn[MAX_PAIR_PICTURES : 2 * MAX_PAIR_PICTURES]
        folded.append(("Further metrics", (tuple(picture.on_page() for picture in further),)))
    if lags:
        folded.append(("The last three months, one by one", (tuple(picture.on_page() for picture in lags),)))
    return Section("pairs", "Where it is much, where little", tuple(blocks), tuple(folded))


def build_months(_config: CompanyConfig, tables: ExplorationTables) -> Section | None:
    """Every metric over the months."""
    drawn = month_pictures(tables)
    if not drawn:
        return None
    return Section("months", "Over time", (tuple(picture.on_page() for picture in drawn),))


def build_targets(config: CompanyConfig, tables: ExplorationTables) -> Section | None:
    """Balance of each target, and its rate by the features that go with it most."""
    if tables.balance.empty:
        return None
    blocks: list[str | tuple[Picture, ...]] = []
    for target in config.targets:
        balance = tables.balance[tables.balance["target"] == target.name]
        if balance.empty:
            continue
        event = event_words(target.kind)
        text = f"{target.name.replace('_', ' ').capitalize()}: {readings.read_balance(balance, event.many)}"
        if balance["as_of_date"].notna().all():
            text += f" Each account counts once per date of asking. {read_base_rate(balance)}"
        blocks.append(text)
        pictures = [picture for picture in target_pictures(config, tables) if picture.name.startswith(f"target-{target.name}-")]
        if pictures:
            blocks.append(tuple(picture.on_page() for picture in pictures))
    return Section("targets", "The targets and what goes with them", tuple(blocks))


def build_quality(_config: CompanyConfig, tables: ExplorationTables) -> Section | None:
    """Missing values, correlations, outliers."""
    blocks = []
    drawn = quality_pictures(tables)
    if drawn:
        blocks.append(tuple(picture.on_page() for picture in drawn))
    if len(tables.outliers):
        blocks.append(_outlier_table(tables.outliers))
    if not blocks:
        return None
    return Section("quality", "Gaps, doubles and outliers", tuple(blocks))


def build_notes_section(notes: pd.DataFrame) -> Section:
    """What the data team can collect, fix or look at."""
    if notes.empty:
        return Section("notes", "For the data team", ("No gaps, doubtful spellings or outliers worth naming.",))
    rows = tuple((Cell(str(row["note"])), Cell(str(row["action"]))) for row in notes.to_dict("records"))
    table = Table("Counted, not tested", ("what was seen", "what to do"), rows)
    return Section("notes", "For the data team", (table,))


SECTIONS: tuple[Callable[[CompanyConfig, ExplorationTables], Section | None], ...] = (
    build_targets,
    build_pairs,
    build_groups,
    build_months,
    build_quality,
)


def list_pictures(config: CompanyConfig, tables: ExplorationTables) -> dict[str, Callable[[Format], bytes]]:
    """List the pictures that show most, for the UI."""
    drawn = [*target_pictures(config, tables)[:3], *pair_pictures(config, tables)[:3], *mix_pictures(tables), *profile_pictures(tables)]
    return {picture.name: picture.draw for picture in [*drawn, *quality_pictures(tables)]}


def pair_pictures(_config: CompanyConfig, tables: ExplorationTables) -> list[Drawn]:
    """Means of each metric by two dimensions, impressions and usage first."""
    if tables.pairs.empty:
        return []
    frame = tables.pairs[tables.pairs["lag"] == 0]
    units = dict(zip(tables.by_group["metric"], tables.by_group["unit"], strict=True))
    has_lags = set(tables.pairs.loc[tables.pairs["lag"] > 0, "metric"])
    names = sorted(dict.fromkeys(frame["metric"]), key=lambda name: (not name.startswith("impressions"), name not in has_lags))
    found = []
    for name in names:
        one = frame[frame["metric"] == name]
        cells = _cells(one, "mean")
        if cells.notna().to_numpy().sum() < 2:
            continue
        label = str(one["label"].iloc[0])
        is_share = units.get(name) == "share" and float(np.nanmax(cells.to_numpy(float))) <= 1
        dimensions = f"{one['row_dimension'].iloc[0]} and {one['column_dimension'].iloc[0]}".replace("_", " ")
        reading = readings.read_cells(cells, label, "" if units.get(name) == "share" else units.get(name, ""))
        found.append(Drawn(f"pair-{name}", f"{label[:1].upper()}{label[1:]}, by {dimensions}", reading, _heat(cells, as_share=is_share)))
    return found


def lag_pictures(tables: ExplorationTables) -> list[Drawn]:
    """For each metric with months: rows by how many months ago."""
    if tables.pairs.empty:
        return []
    found = []
    for name, one in tables.pairs[tables.pairs["lag"] > 0].groupby("metric", sort=False):
        known = one[one["n"] > 0].assign(total=one["n"] * one["mean"])
        totals, n = (known.pivot_table(index="row_level", columns="lag", values=name, aggfunc="sum") for name in ("total", "n"))
        cells = totals / n
        cells = cells.loc[sorted(cells.index, key=level_order), sorted(cells.columns, reverse=True)]
        cells.columns = ["last month" if lag == 1 else f"{lag} months ago" for lag in cells.columns]
        label = str(one["label"].iloc[0])
        by = str(one["row_dimension"].iloc[0]).replace("_", " ")
        found.append(Drawn(f"lags-{name}", f"{label[:1].upper()}{label[1:]} by {by}", readings.read_lags(cells), _heat(cells)))
    return found


def mix_pictures(tables: ExplorationTables) -> list[Drawn]:
    """Accounts by two dimensions."""
    mix = tables.mix
    if mix.empty:
        return []
    cells, times = _cells(mix, "n"), _cells(mix, "times_expected")
    shade = pd.DataFrame(np.log2(np.clip(times.to_numpy(float), 0.25, 4)), times.index, times.columns).where(cells > 0)
    rows, columns = (str(mix[f"{side}_dimension"].iloc[0]).replace("_", " ") for side in ("row", "column"))
    return [Drawn("mix", f"Accounts by {rows} and {columns}", readings.read_mix(mix, rows, columns), _heat(cells, shade=shade))]


def profile_pictures(tables: ExplorationTables) -> list[Drawn]:
    """A range (employees, else the largest dimension) against support load and impressions, relative to the average."""
    frame = tables.by_group
    names = [name for name in dict.fromkeys(frame["dimension"]) if name != ALL] if len(frame) else []
    if not names:
        return []
    name = (
        "employee_range" if "employee_range" in names else max(names, key=lambda n: frame.loc[frame["dimension"] == n, "level"].nunique())
    )
    metrics = list(dict.fromkeys(frame["metric"]))
    wanted = [m for m in metrics if "support" in m or m.startswith(("impressions", "n_cases"))] or metrics
    one = frame[(frame["dimension"] == name) & frame["metric"].isin(wanted[:MAX_PROFILE_METRICS])]
    means = one.pivot_table(index="level", columns="label", values="mean", sort=False)
    everyone = frame[(frame["dimension"] == ALL) & frame["metric"].isin(wanted)].set_index("label")["mean"].reindex(means.columns)
    with np.errstate(divide="ignore", invalid="ignore"):
        shade = pd.DataFrame(np.log2(np.clip((means / everyone).to_numpy(float), 0.25, 4)) / 1.5, means.index, means.columns)
    dimension = str(one["dimension_label"].iloc[0])
    title = f"Average per account, by {dimension}"
    reading = f"{readings.read_profile(means, everyone, dimension)} Blue is above the average of all accounts, vermillion below."
    return [Drawn("profile", title, reading, _heat(means, shade=shade))]


def month_pictures(tables: ExplorationTables) -> list[Drawn]:
    """Mean per account and month: all accounts, and the levels of the first dimension."""
    found = []
    if tables.months.empty:
        return []
    for name, one in tables.months.groupby("metric", sort=False):
        label, everyone = str(one["label"].iloc[0]), one[one["level"] == ALL]
        if len(everyone) < 3:
            continue
        is_event = name in _TOTALS  # an average over all accounts ever known would rise with every newcomer
        column, words = ("sum", "per month, all accounts together") if is_event else ("mean", "per account and month")
        reading = readings.read_months(everyone, label, column, words)
        if len(one) > len(everyone):
            reading += _NOT_A_SUM
        found.append(Drawn(f"months-{name}", f"{label[:1].upper()}{label[1:]} {words}", reading, _lines(one, column)))
    return found[:MAX_MONTH_PICTURES]


def target_pictures(config: CompanyConfig, tables: ExplorationTables) -> list[Drawn]:
    """Balance over time where there are dates, then the rate by level of each key feature."""
    found = []
    for target in config.targets:
        balance = tables.balance[tables.balance["target"] == target.name]
        if balance.empty:
            continue
        event = event_words(target.kind)
        if balance["as_of_date"].notna().all() and len(balance) > 2:
            title = f"{event.many.capitalize()}: share of positives"
            found.append(Drawn(f"target-{target.name}-balance", title, read_base_rate(balance), _rates_over_time(balance)))
        features = tables.target_features
        own = features[features["target"] == target.name] if len(features) else features
        overall = float(balance["n_positive"].sum() / balance["n"].sum())
        for feature in dict.fromkeys(own["feature"]) if len(own) else ():
            levels = own[own["feature"] == feature]
            title = f"{event.many.capitalize()} by {levels['label'].iloc[0]}"
            found.append(Drawn(f"target-{target.name}-{feature}", title, readings.read_rates(levels, event.did), _rates(levels, overall)))
    return found


def quality_pictures(tables: ExplorationTables) -> list[Drawn]:
    """Missing shares and correlations."""
    found = []
    gaps = tables.missing[tables.missing["n_missing"] > 0] if len(tables.missing) else tables.missing
    if len(gaps):
        found.append(Drawn("missing", "Missing values by column", readings.read_missing(tables.missing), _shares(_one_per_gap(gaps))))
    pairs = tables.correlations
    if len(pairs):
        labels = list(dict.fromkeys([*pairs["left_label"], *pairs["right_label"]]))
        square = pd.DataFrame(np.nan, labels, labels)
        for left, right, rho in zip(pairs["left_label"], pairs["right_label"], pairs["rho"], strict=True):
            square.loc[left, right] = square.loc[right, left] = rho
        reading = f"{readings.read_correlations(pairs)} Rank correlations (Spearman); those below {figures.WEAK} either way are left blank."
        found.append(Drawn("correlations", "What rises and falls together", reading, _correlation_map(square)))
    return found


def _one_per_gap(gaps: pd.DataFrame) -> pd.DataFrame:
    """One column for all columns of a group with the same number of gaps: windows of one metric are missing together."""
    return gaps.drop_duplicates(["group", "n_missing"]).head(MAX_MISSING_SHOWN)


def _heat(cells: pd.DataFrame, shade: pd.DataFrame | None = None, *, as_share: bool = False) -> Callable[[Format], bytes]:
    return lambda picture_format: figures.heat_map(cells, shade=shade, as_share=as_share, picture_format=picture_format)


def _correlation_map(square: pd.DataFrame) -> Callable[[Format], bytes]:
    return lambda picture_format: figures.correlation_map(square, picture_format=picture_format)


def _lines(months: pd.DataFrame, column: str) -> Callable[[Format], bytes]:
    return lambda picture_format: figures.month_lines(months, column, picture_format=picture_format)


def _rates(levels: pd.DataFrame, overall: float) -> Callable[[Format], bytes]:
    return lambda picture_format: figures.rate_by_level(levels, overall, picture_format=picture_format)


def _rates_over_time(balance: pd.DataFrame) -> Callable[[Format], bytes]:
    return lambda picture_format: base_rate_over_time(balance, picture_format=picture_format)


def _shares(gaps: pd.DataFrame) -> Callable[[Format], bytes]:
    return lambda picture_format: figures.share_bars(gaps, picture_format=picture_format)


def _cells(frame: pd.DataFrame, value: str) -> pd.DataFrame:
    """Row levels by column levels, both in their own order; yes and no are named after their column."""
    cells = frame.pivot_table(index="row_level", columns="column_level", values=value, sort=False)
    cells = cells.loc[sorted(cells.index, key=level_order), sorted(cells.columns, key=level_order)]
    rows, columns = (str(frame[f"{side}_dimension"].iloc[0]).replace("_", " ") for side in ("row", "column"))
    cells.index = pd.Index([f"{rows}: {level}" if level in ("yes", "no") else str(level) for level in cells.index])
    cells.columns = pd.Index([f"{columns}: {level}" if level in ("yes", "no") else str(level) for level in cells.columns])
    return cells


def _group_table(frame: pd.DataFrame, name: str | None) -> Table:
    """Metrics by level, whichever has more as rows."""
    one = frame[frame["dimension"].isin([ALL] if name is None else [name, ALL])]
    levels, metrics = list(dict.fromkeys(one["level"])), list(dict.fromkeys(one["metric"]))
    found = {(row["level"], row["metric"]): row for row in one.to_dict("records")}
    label = "all accounts" if name is None else str(frame.loc[frame["dimension"] == name, "dimension_label"].iloc[0])
    sizes = {level: found[level, metrics[0]]["n"] for level in levels}
    if len(levels) > len(metrics):
        header = (label, "accounts", *(_metric_words(found[ALL, metric]) for metric in metrics))
        rows = [(Cell(level), Cell(whole(sizes[level])), *(_group_cell(found[level, metric]) for metric in metrics)) for level in levels]
    else:
        header = ("", *levels)
        rows = [(Cell("accounts"), *(Cell(whole(sizes[level])) for level in levels))]
        rows += [(Cell(_metric_words(found[ALL, metric])), *(_group_cell(found[level, metric]) for level in levels)) for metric in metrics]
    return Table(f"By {label}" if name else "All accounts", header, tuple(rows), frozenset(range(1, len(header))))


def _metric_words(row: dict) -> str:
    return f"{row['label']} ({row['unit']})" if row["unit"] and row["unit"] != "share" else str(row["label"])


def _group_cell(row: dict) -> Cell:
    if row["unit"] == "share" and is_number(row["mean"]) and 0 <= row["mean"] <= 1:
        return Cell(percent(row["mean"]), f"of {whole(row['n_known'])}", row["mean"])
    if not is_number(row["mean"]):
        return Cell(MISSING)
    is_sum = row["unit"] not in _WITHOUT_SUM and not row["metric"].startswith("mean_")
    return Cell(plain(row["mean"]), f"sum {plain(row['sum'])}" if is_sum else f"of {whole(row['n_known'])}", row["mean"])


def _outlier_table(outliers: pd.DataFrame) -> Table:
    """Median to largest; where a value is implausible, also the limit above which it is and how many accounts lie there."""
    has_any = bool((outliers["n_outliers"] > 0).any())
    rows = []
    for row in outliers.to_dict("records"):
        share = percent(row["top_share"]) if is_number(row["top_share"]) else MISSING
        beyond = (plain(row["limit"]), whole(row["n_outliers"])) if row["n_outliers"] else (MISSING, MISSING)
        cells = (plain(row["median"]), plain(row["p99"]), plain(row["maximum"]), share, *(beyond if has_any else ()))
        rows.append((Cell(str(row["label"]), str(row["unit"])), *(Cell(text) for text in cells)))
    header = ("metric", "median", "99 %", "largest", "share of the top 1 %", *(("implausible above", "accounts above") if has_any else ()))
    return Table("Large values", header, tuple(rows), frozenset(range(1, len(header))))
