"""Sentences of the page about segments and cohorts, each made from its numbers.

Add a sentence as a function of frames. Keep layout out (see `segments_report`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clv_platform.models.segments import KeptSegments, Projection
from clv_platform.models.segments.clustering import STABLE
from clv_platform.reports.bridge import bridge_to_described
from clv_platform.reports.cohorts import CohortTables
from clv_platform.reports.segment_inputs import SegmentInputs, Worth
from clv_platform.reports.words import are, counted, day, is_number, percent, whole

CLEAR = 0.5  # silhouette from which segments lie apart; below 0.25 they run into each other
VAGUE = 0.25
NO_LEAVING = "“at risk” is told by silence alone and expected loss isn't known, because no model of leaving is in use."


def headline(inputs: SegmentInputs) -> str:
    """Say how many segments there are, whether they would be found again, and which one counts for most."""
    n = whole(len(inputs.snapshots.newest))
    if inputs.kept is None:
        return f"No segments were found among {n} accounts."
    own = inputs.profile[inputs.profile["segment"] > 0]
    text = f"The {n} accounts {_divided(inputs.kept, len(own))}."
    if "worth_share" in own and inputs.worth is not None and own["worth_share"].notna().any():
        top = own.sort_values("worth_share", kind="stable").iloc[-1]
        share, held = percent(top["share"]), percent(top["worth_share"])
        return f"{text} “{top['name']}” is {share} of the accounts and holds {held} of the {inputs.worth.label}."
    top = own.iloc[0]
    return f"{text} The largest, “{top['name']}”, holds {percent(top['share'])} of them."


def _divided(kept: KeptSegments, n_segments: int) -> str:
    chosen = kept.choice[kept.choice["is_chosen"].astype(bool)].iloc[0]
    if len(kept.choice) > 1 and chosen["stability"] < STABLE:
        return f"are cut into {n_segments} segments that other samples would cut differently: take them as handy parts, not as kinds"
    if chosen["silhouette"] < VAGUE:
        return f"are divided into {n_segments} segments whose borders are mostly drawn, not found"
    return f"fall into {n_segments} segments"


def detail(inputs: SegmentInputs) -> str:
    """Say as of when, and since when the segments are the same."""
    text = f"Accounts as of {day(inputs.snapshots.as_of_date)}. " if inputs.snapshots.as_of_date else ""
    others = bridge_to_described(inputs.n_on_file, len(inputs.snapshots.newest), inputs.config)
    told = f"{text}{inputs.verdict} A segment describes what accounts are like today; it predicts nothing."
    return f"{told} {others}".strip()


def read_elbow(choice: pd.DataFrame) -> str:
    """Say what the chosen number explains, and what one more would add."""
    chosen = choice[choice["is_chosen"].astype(bool)].iloc[0]
    first = choice.iloc[0]
    k = int(chosen["n_segments"])
    left = percent(chosen["inertia"] / first["inertia"])
    text = f"With {k} segments, differences within segments are {left} of those with {int(first['n_segments'])}"
    after = choice[choice["n_segments"] == k + 1]
    if len(after):
        return f"{text}; one segment more would take off another {percent(1 - after['inertia'].iloc[0] / chosen['inertia'])}."
    return f"{text}." if k != int(first["n_segments"]) else f"{k} is the smallest number that was tried, or the only one."


def read_silhouettes(choice: pd.DataFrame) -> str:
    """Say why this number, and how clearly the segments lie apart."""
    chosen = choice[choice["is_chosen"].astype(bool)].iloc[0]
    k, apart, again = int(chosen["n_segments"]), chosen["silhouette"], chosen["stability"]
    if not (choice["stability"] >= STABLE).any():
        why = f"No number gives segments that are surely found again, so the most stable one is used: {k}"
    else:
        why = f"{k} segments lie furthest apart among the numbers whose segments are found again in other samples"
    how = (
        "clearly apart"
        if apart >= CLEAR
        else "apart, but with blurred borders"
        if apart >= VAGUE
        else "close together: most borders are drawn, not found"
    )
    return f"{why} (agreement {again:.2f} of 1). With {apart:.2f} of 1 they are {how}."


def read_plane(projection: Projection, kept: KeptSegments) -> str:
    """Say what the picture shows, and how much it leaves out."""
    n = len(kept.model.names)
    return (
        f"Each dot is an account, drawn where accounts that are alike stand together; numbers mark the {n} segments. The two "
        f"directions show {percent(projection.share)} of all differences between accounts."
    )


def read_worth(own: pd.DataFrame, worth: Worth) -> str:
    """Compare the segment with most and the one with least per account."""
    ordered = own.sort_values("mean_worth", ascending=False, kind="stable")
    first, last = ordered.iloc[0], ordered.iloc[-1]
    return (
        f"Per account: {whole(first['mean_worth'])} in “{first['name']}” against {whole(last['mean_worth'])} in “{last['name']}” "
        f"({worth.label})."
    )


def read_migration(migration: pd.DataFrame, inputs: SegmentInputs) -> str:
    """Say how many stayed, which way most moved, who came and went."""
    both = migration[~migration["segment_before"].str.startswith("(") & ~migration["segment_now"].str.startswith("(")]
    moved = both[both["segment_before"] != both["segment_now"]].sort_values("n", ascending=False, kind="stable")
    n, n_moved = int(both["n"].sum()), int(moved["n"].sum())
    new = int(migration.loc[migration["segment_before"].str.startswith("("), "n"].sum())
    gone = int(migration.loc[migration["segment_now"].str.startswith("("), "n"].sum())
    share = percent(n_moved / n if n else 0.0)
    were = "was" if n == 1 else "were"
    since = day(inputs.snapshots.date_before)
    text = f"Of {counted(n, 'account')} that {were} here on {since} too, {whole(n_moved)} ({share}) changed segment"
    if len(moved):
        top = moved.iloc[0]
        text += f", most often ({whole(top['n'])}) from “{top['segment_before']}” to “{top['segment_now']}”"
    return f"{text}. {whole(new)} {are(new)} new, {whole(gone)} {are(gone)} no longer there."


def read_groups(table: pd.DataFrame, worth: Worth | None, what: str) -> str:
    """Say which group counts for most."""
    if worth is None or "worth_share" not in table or not table["worth_share"].notna().any():
        top = table.sort_values("n", ascending=False, kind="stable").iloc[0]
        return f"The largest {what} is “{top['level']}” with {percent(top['share'])} of the accounts."
    top, big = (table.sort_values(name, kind="stable").iloc[-1] for name in ("worth_share", "mean_worth"))
    text = f"“{top['level']}” brings {percent(top['worth_share'])} of the {worth.label} with {percent(top['share'])} of the accounts"
    if big["level"] == top["level"]:
        return f"{text}, {whole(big['mean_worth'])} per account, the most."
    return f"{text}; most per account brings “{big['level']}” ({whole(big['mean_worth'])})."


def read_retention(cohorts: CohortTables) -> str:
    """Say how many are active after the ages shown, and whether younger cohorts do better than older ones."""
    ages = [age for age in cohorts.ages if age > 0]
    parts = [f"{percent(_mean(cohorts, cohorts.retention[age]))} after {_months(age)}" for age in (ages[0], ages[-1])]
    text = f"Over all cohorts, active are {parts[0]}" + (f" and {parts[1]}" if len(ages) > 1 else "")
    column = cohorts.retention[ages[0]].dropna()
    if len(column) >= 4:
        half = len(column) // 2
        older, younger = column.iloc[:half].mean(), column.iloc[-half:].mean()
        if abs(younger - older) >= 0.03:
            more = "more" if younger > older else "fewer"
            text += f"; the younger half of the cohorts keeps {more} ({percent(younger)} against {percent(older)} after {_months(ages[0])})"
    return f"{text}. A cell is empty until that month of life is over for the whole cohort."


def _months(age: int) -> str:
    return counted(age, "month")


def read_revenue(cohorts: CohortTables, currency: str) -> str:
    """Say what an account brings in by the ages shown."""
    known = [age for age in cohorts.ages if cohorts.revenue[age].notna().any()]
    first, last = known[0], known[-1]
    figures = [whole(_mean(cohorts, cohorts.revenue[age])) for age in (first, last)]
    oldest = cohorts.revenue.index[0]
    return (
        f"What an account of the cohort has brought in so far ({currency}): on average {figures[0]} in its first "
        f"{'month' if first == 0 else f'{first + 1} months'}, {figures[1]} within {_months(last + 1)} (known for cohorts up to "
        f"{cohorts.revenue[last].dropna().index[-1]}; the oldest is {oldest})."
    )


def _mean(cohorts: CohortTables, column: pd.Series) -> float:
    known = column.dropna()
    return float(np.average(known, weights=cohorts.n_accounts.reindex(known.index).fillna(0) + 1e-9)) if len(known) else float("nan")


def read_first_cohort(cohorts: CohortTables) -> str:
    """Say who is in no cohort, or else that the first holds everybody who was there before the data, if its size gives that away."""
    n = cohorts.n_accounts
    if cohorts.n_older:
        return (
            f" Left out {are(cohorts.n_older)} {counted(cohorts.n_older, 'account')} that signed up before orders are on file "
            f"({cohorts.orders_begin}): when they began to buy isn't known. The published cohort tables have them apart (is_older)."
        )
    if len(n) < 3 or n.iloc[0] <= 3 * n.iloc[1:].median():
        return ""
    return f" The first, {n.index[0]}, also holds everybody who had bought before the data begin, so it isn't like the others."


def read_profit(table: pd.DataFrame) -> str:
    """Say what is left in all, and which segment leaves most and least of its revenue."""
    total, own = table.iloc[-1], table.iloc[:-1]
    left = (own["profit"] / own["revenue"].where(own["revenue"] > 0)).astype(float)
    text = f"Of {whole(total['revenue'])} revenue {percent(total['profit'] / total['revenue'] if total['revenue'] else None)} is left"
    known = left.dropna()
    if len(known) < 2:
        return f"{text}."
    if known.max() - known.min() < 0.005:  # the same in whole percent: no order to tell
        return f"{text}, much the same in every segment."
    best, worst = (own.loc[known.sort_values(kind="stable").index[i], "level"] for i in (-1, 0))
    return f"{text}; most in “{best}” ({percent(known.max())}), least in “{worst}” ({percent(known.min())})."


def read_concentration(tenths: pd.DataFrame) -> str:
    """Say what the top tenth held, and what a model in use had expected of it."""
    top, fifth = tenths.iloc[0], float(tenths["actual"].head(2).sum())
    text = f"The best tenth of the accounts held {percent(top['actual'])} of what was really spent (top fifth: {percent(fifth)})"
    if "expected" not in tenths:
        return f"{text}. What the newest model had expected isn't shown, because it was not put into use."
    return (
        f"{text}; the model had expected its own best tenth to hold {percent(top['expected'])}. What is expected is always spread more "
        "evenly than what happens."
    )


def read_alternatives(alternatives: pd.DataFrame) -> str:
    """Say what a search for dense groups finds instead."""
    row = alternatives.iloc[0]
    n, noise = int(row["n_segments"]), percent(row["noise_share"])
    if n < 2:
        few = "none" if n == 0 else "only one"
        cloud = "the accounts form one cloud, and segments cut it into handy parts"
        return f"A search for dense groups of any shape ({row['method']}) finds {few}: {cloud}."
    agreement = f", and agrees with the segments by {row['agreement']:.2f} of 1" if is_number(row["agreement"]) else ""
    return f"A search for dense groups of any shape ({row['method']}) finds {n}, leaves {noise} of the accounts in none{agreement}."
