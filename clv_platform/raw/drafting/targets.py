"""The questions of a drafted config: which targets the tables allow, with horizons that fit the history.

A target whose history is too short is drafted as a comment with the reason, so that the first run isn't stopped by it. Add a kind of
target here. Keep the other parts of the text out (`writing`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from clv_platform.config.schema import Eligibility, Training
from clv_platform.raw.casting import Spelling, cast_column
from clv_platform.raw.drafting.guessing import Guess
from clv_platform.raw.drafting.vocabulary import CHURN, POSITIVE_WORDS, plain
from clv_platform.warehouse import Connection, quote_name

HORIZONS = (90, 30)
VALUE_HORIZONS = (365, 180, 90)
_MONTH_DAYS = 31
_ACTIVITY = {"orders": "ordered_at", "usage": "used_at", "web_sessions": "started_at"}
_DATED = {**_ACTIVITY, "subscriptions": "started_at"}


def draft_targets(connection: Connection, guesses: dict[str, Guess]) -> Iterator[str]:
    """Yield the lines of `targets`, each guess with a `# check:` comment that says why it is there."""
    yield ""
    flat = guesses.get("account_snapshots")
    if flat and flat.label:
        yield from _flat_target(flat)
        return
    n_days = history_days(connection, guesses)
    lines = [*_upgrade(guesses, n_days), *_churn(guesses, n_days), *_value(guesses, n_days)]
    if any(line.lstrip().startswith("- ") for line in lines):
        yield "targets:"
        yield from lines
        yield ""
        yield "# Labels that reviewers correct in the review app, and a publisher takes up, enter training only if this is true:"
        yield "# review: {use_corrected_labels: true}"
    else:
        yield from (line.lstrip() for line in lines)
        yield "# check: no question that these tables can answer, so no target: the run ends with features and marts."
        yield "targets: []"


def history_days(connection: Connection, guesses: dict[str, Guess]) -> int | None:
    """Days between the first and the last event of the dated tables; None where no date can be read."""
    ends = []
    for table, column in _DATED.items():
        guess = guesses.get(table)
        types = dict(guess.look.relation.columns) if guess else {}
        source = guess.columns.get(column) if guess else None
        if guess is None or source not in types:
            continue
        formats = guess.look.column(source).date_formats
        spelling = Spelling(guess.look.missing_marks, date_format=formats[0] if formats else None)
        at = cast_column(quote_name(source), types[source], "timestamp", spelling).value_sql
        row = connection.execute(f"select min({at})::date, max({at})::date from {guess.look.relation.from_sql}").fetchone()
        ends += [day for day in row or () if day is not None]
    return (max(ends) - min(ends)).days + 1 if ends else None


def _upgrade(guesses: dict[str, Guess], n_days: int | None) -> Iterator[str]:
    guess = guesses.get("subscriptions")
    if guess is None or guess.look.column(guess.columns["plan"]).n_distinct < 2:
        return
    yield "  # check: accounts on a higher plan within the horizon (days); the history must hold two horizons and the months to test on."
    yield from _line("upgrade", "", HORIZONS, n_days, Training().n_test_dates)


def _churn(guesses: dict[str, Guess], n_days: int | None) -> Iterator[str]:
    subscriptions = guesses.get("subscriptions")
    if subscriptions is not None:
        if "ended_at" not in subscriptions.columns:
            yield "  # check: no churn: subscriptions have no date on which they ended; map one as ended_at to ask who will leave."
            return
        yield "  # check: leaving is the end of the last subscription (ended_at)."
        yield from _line("churn", "", HORIZONS, n_days, Training().n_test_dates)
        return
    activity = [table for table in _ACTIVITY if table in guesses]
    if activity:
        yield f"  # check: leaving is a whole horizon without {' or '.join(activity)}, because nothing says when a relation ends;"
        yield "  # check: choose a horizon longer than the usual pause between two of them."
        more = f", churn_means: silent, activity: [{', '.join(activity)}]"
        yield from _line("churn", more, HORIZONS, n_days, Training().n_test_dates)


def _value(guesses: dict[str, Guess], n_days: int | None) -> Iterator[str]:
    if "orders" in guesses:
        yield "  # check: what each account will spend within the horizon, refunds subtracted (value_means: margin for what is left of it)."
        yield from _line("value", "", VALUE_HORIZONS, n_days, 1)


def _line(kind: str, more: str, horizons: tuple[int, ...], n_days: int | None, n_test_dates: int) -> Iterator[str]:
    """One target with the longest of the horizons that the history allows; a comment where it allows none."""
    spare = n_test_dates * _MONTH_DAYS + Eligibility().min_tenure_days
    horizon = next((days for days in horizons if n_days is None or 2 * days + spare <= n_days), None)
    text = f"{{name: {kind}, kind: {kind}, horizon_days: {horizon or horizons[-1]}{more}}}"
    if horizon is None:
        yield f"  # check: about {2 * horizons[-1] + spare} days of history are needed, these files hold {n_days}; with more of it:"
        yield f"  # - {text}"
    else:
        yield f"  - {text}"


def _flat_target(flat: Guess) -> Iterator[str]:
    label = flat.label
    assert label is not None
    kind = "churn" if CHURN.search(plain(label.name)) else "upgrade"
    positive = [value for value in label.values if value.lower() in POSITIVE_WORDS]
    if positive:
        values = "" if len(positive) == 1 and positive[0].lower() in {"1", "true", "yes"} else f", positive_values: {json.dumps(positive)}"
    else:
        likely = next((value for value in label.values if CHURN.search(value.lower())), label.values[-1])
        values = f", positive_values: [{json.dumps(likely, ensure_ascii=False)}]"
    yield f"# check: {label.name} looks like the label ({' or '.join(label.values)}): is it the question, and is its kind right?"
    yield "targets:"
    yield f"  - {{name: {kind}, kind: {kind}, label_column: {json.dumps(label.name, ensure_ascii=False)}{values}}}"
