"""One-line readings of an exploration's pictures, made from the numbers.

Add a reading as a function of a table. Keep tables and layout out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clv_platform.exploration.columns import plain
from clv_platform.reports.words import NBSP, percent, sentence_list, times, whole


def read_cells(cells: pd.DataFrame, label: str, unit: str = "") -> str:
    """Say where a heat map of means is highest and lowest.

    Parameters
    ----------
    cells : DataFrame
        Row levels by column levels.
    """
    numbers = cells.to_numpy(float)
    places = [(i, k) for i in range(len(cells.index)) for k in range(len(cells.columns)) if np.isfinite(numbers[i, k])]
    known = [(cells.index[i], cells.columns[k], float(numbers[i, k])) for i, k in places]
    if len(known) < 2:
        return "Only one cell holds enough accounts."
    high, low = max(known, key=lambda cell: cell[2]), min(known, key=lambda cell: cell[2])
    words = f" {unit}" if unit else ""
    if high[2] < 1.15 * low[2]:
        return f"{_begin(label)}: hardly any difference, between {plain(low[2])} and {plain(high[2])}{words}."
    factor = f", {times(high[2] / low[2])} times the least" if low[2] > 0 else ", the least"
    return f"Most in {high[0]}, {high[1]}: {plain(high[2])}{words}{factor} ({plain(low[2])} in {low[0]}, {low[1]})."


def read_lags(cells: pd.DataFrame) -> str:
    """Say how the last month compares with three months ago, by row."""
    change = (cells.iloc[:, -1] / cells.iloc[:, 0] - 1).dropna()
    if change.empty:
        return "No month can be compared."
    if change.abs().max() < 0.05:
        return f"No row moved by 5{NBSP}% within three months; what differs between rows did so before."
    place = change.abs().idxmax()
    moved = "more" if change[place] > 0 else "less"
    return f"The largest move within three months: {percent(abs(change[place]))} {moved} in {place}."


def read_mix(mix: pd.DataFrame, rows: str, columns: str) -> str:
    """Say which combination is more frequent than chance would make it."""
    known = mix[mix["expected"] >= 5]
    if known.empty:
        return "Too few accounts to compare."
    ordered = known.sort_values("times_expected", kind="stable")
    best, worst = ordered.iloc[-1], ordered.iloc[0]
    if best["times_expected"] < 1.2 and worst["times_expected"] > 0.8:
        return f"{_begin(rows)} and {columns} are spread independently: no cell is 20{NBSP}% off what their totals give."
    return (
        f"{best['row_level']} with {best['column_level']} is {times(best['times_expected'])} times as frequent as the totals give, "
        f"{worst['row_level']} with {worst['column_level']} {times(worst['times_expected'])} times."
    )


def read_profile(means: pd.DataFrame, overall: pd.Series, dimension: str) -> str:
    """Say which level is furthest from the average, on which metric."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = means / overall
        logs = np.abs(np.log(ratio.where(ratio > 0).to_numpy(float)))
    if not np.isfinite(logs).any():
        return "Nothing can be compared."
    row, column = divmod(int(np.nanargmax(logs)), logs.shape[1])
    level, metric, value = ratio.index[row], ratio.columns[column], float(ratio.to_numpy(float)[row, column])
    factor = times(value) if value >= 1.95 else f"{value:.2f}"
    return f"Furthest from the average: {dimension} {level} with {factor} times the average of {metric}."


def read_months(months: pd.DataFrame, label: str, column: str, words: str) -> str:
    """Compare the last three months with the same months a year before, as plain averages of a month."""
    one = months.sort_values("month_end_date")
    last = one.tail(3)
    before = one[one["month_end_date"].isin(last["month_end_date"] - pd.DateOffset(years=1))]
    now = float(last[column].mean())
    text = f"{_begin(label)}: {plain(now)} {words} in the last three months"
    if len(before) < 3 or not before[column].mean():
        return f"{text}."
    change = now / float(before[column].mean()) - 1
    moved = "as a year before" if abs(change) < 0.02 else f"{percent(abs(change), 0)} {'more' if change > 0 else 'less'} than a year before"
    return f"{text}, {moved}."


def read_rates(levels: pd.DataFrame, did: str) -> str:
    """Say in which level the rate is highest and lowest."""
    ordered = levels.sort_values("rate", kind="stable")
    high, low = ordered.iloc[-1], ordered.iloc[0]
    return (
        f"{percent(high['rate'])} {did} in “{high['level']}” ({whole(high['n'])} rows), {percent(low['rate'])} in “{low['level']}” "
        f"({whole(low['n'])}). Thin lines are 95{NBSP}% intervals, the dashed line is the share of all."
    )


def read_missing(missing: pd.DataFrame) -> str:
    """Say how many columns have gaps, and which the most."""
    gaps = missing[missing["n_missing"] > 0]
    if gaps.empty:
        return "No column has a gap."
    first = gaps.iloc[0]
    return f"{len(gaps)} of {len(missing)} columns have gaps; “{first['label']}” the most ({percent(first['share'])})."


def read_correlations(pairs: pd.DataFrame) -> str:
    """Name the strongest pair, and the strongest that goes the other way."""
    known = pairs.dropna(subset=["rho"])
    best = known.iloc[int(np.argmax(known["rho"].abs().to_numpy()))]
    text = f"Closest: {best['left_label']} and {best['right_label']} ({best['rho']:.2f}"
    negative = known[known["rho"] < -0.1]
    if best["rho"] < 0 or negative.empty:
        return f"{text}).".replace("-", "−")
    other = negative.iloc[int(np.argmin(negative["rho"].to_numpy()))]
    return f"{text}); most opposed: {other['left_label']} and {other['right_label']} ({other['rho']:.2f}).".replace("-0", "−0")


def read_balance(balance: pd.DataFrame, many: str) -> str:
    """Say how rare the positives are."""
    n, hits = int(balance["n"].sum()), int(balance["n_positive"].sum())
    rarity = f"one in {round(n / hits)}" if hits else "none"
    return f"{whole(hits)} {many} in {whole(n)} rows: {rarity}."


def describe(accounts: int, dimensions: list[str], metrics: int, as_of: str) -> str:
    """Say what was looked at."""
    by = f" by {sentence_list(dimensions)}" if dimensions else ""
    return f"{whole(accounts)} accounts{as_of}, {metrics} metrics{by}; each account counts once."


def _begin(text: str) -> str:
    return text[:1].upper() + text[1:]
