"""The plans of a drafted config: in rising order, each once, however many names the files have for it.

Here: which names are likely the same plan, and the order. Keep out: reading names by a config (`contracts.plans`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from clv_platform.contracts.spellings import fold
from clv_platform.raw.casting import Spelling, cast_column
from clv_platform.raw.drafting.guessing import Guess
from clv_platform.raw.drafting.vocabulary import PLAN_WORDS
from clv_platform.raw.errors import listed
from clv_platform.warehouse import Connection, quote_name

_PLAN = re.compile(r"(?<=\S) (plan|tier|package|subscription|edition|licen[cs]e)s?$|^(plan|tier|package|subscription|edition) (?=\S)")


class _Plan(NamedTuple):
    """Names of one plan, the most frequent first, one for each that differs in more than case and spaces; its mean price."""

    names: tuple[str, ...]
    price: float | None

    @property
    def name(self) -> str:
        return self.names[0]


def draft_plans(connection: Connection, guesses: dict[str, Guess]) -> Iterator[str]:
    """Yield the lines of `plans`; none where no table has plans."""
    guess = guesses.get("subscriptions")
    if guess is None:
        return
    column = guess.columns["plan"]
    source_type, spelling = dict(guess.look.relation.columns)[column], Spelling(guess.look.missing_marks)
    plan = f"trim({cast_column(quote_name(column), source_type, 'text', spelling).value_sql})"
    price = f"try_cast({quote_name(guess.columns['mrr'])} as double)" if "mrr" in guess.columns else "null::double"
    found = connection.execute(
        f"select {plan}, count(*), sum({price}), count({price}) from {guess.look.relation.from_sql} "
        f"where nullif({plan}, '') is not null group by 1 order by 2 desc, 1"
    ).fetchall()
    plans = _group(found)
    is_priced = all(plan.price is not None for plan in plans)
    ordered = sorted(plans, key=lambda plan: (plan.price or 0.0) if is_priced else _rank(plan.name))
    yield ""
    yield f"# check: the plans in rising order (guessed {'by mean price' if is_priced else 'by name'}); an upgrade is a rise."
    for plan in plans:
        spellings = sorted(row[0] for row in found if fold(row[0]) in map(fold, plan.names))
        if len(plan.names) > 1:
            yield f"# check: {listed(spellings)} look like one plan, {plan.name!r}; if they aren't, give each its place in `order`."
        elif len(spellings) > 1:
            yield f"# check: {listed(spellings)} are read as one plan, {plan.name!r}; they differ in case and spaces alone."
    order = ", ".join(_text(plan.name) for plan in ordered)
    others = ", ".join(f"{_text(plan.name)}: [{', '.join(map(_text, plan.names[1:]))}]" for plan in ordered if len(plan.names) > 1)
    also_called = f", also_called: {{{others}}}" if others else ""
    yield f"plans: {{order: [{order}]{also_called}}}"


def _group(found: Sequence[tuple[str, int, float | None, int]]) -> list[_Plan]:
    groups: dict[str, list[tuple[str, int, float | None, int]]] = {}
    for row in found:
        groups.setdefault(_meaning(row[0]), []).append(row)
    plans: list[_Plan] = []
    for rows in groups.values():
        n_priced = sum(row[3] for row in rows)
        names = {fold(row[0]): row[0] for row in reversed(rows)}  # of each folded name the most frequent spelling
        first = rows[0][0]
        others = tuple(names[key] for key in sorted(names) if key != fold(first))
        plans.append(_Plan((first, *others), sum(row[2] or 0.0 for row in rows) / n_priced if n_priced else None))
    return sorted(plans, key=lambda plan: plan.name)


def _meaning(name: str) -> str:
    """What is left of a name without case, hyphens and the word plan: `Team`, `team-plan` and `Team Plan` are likely one."""
    return _PLAN.sub("", fold(re.sub(r"[-_]+", " ", name)))


def _rank(plan: str) -> int:
    return next((rank for rank, word in enumerate(PLAN_WORDS) if word in plan.lower()), len(PLAN_WORDS))


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
