"""The groups of a drafted config: columns with few levels, by which figures are shown and in which weak spots are looked for.

Here: the choice among columns. Keep out what can't be a group: ids, dates, private columns, amounts.
"""

from __future__ import annotations

from collections.abc import Iterator

from clv_platform.raw.drafting.guessing import Guess
from clv_platform.raw.drafting.looking import ColumnLook
from clv_platform.raw.drafting.vocabulary import PRIVATE, plain

MAX_LEVELS, MAX_SLICES = 30, 8
_NUMBERED = range(3, 13)  # levels of an attribute written in numbers: size classes 1 to 5, say
_ATTRIBUTES = ("product", "territory", "country", "industry", "employee_range", "channel")


def draft_slices(guesses: dict[str, Guess]) -> Iterator[str]:
    """Yield the lines of `slices`; none where no column makes groups."""
    names: list[str] = []
    if accounts := guesses.get("accounts"):
        names += [
            name
            for name in _ATTRIBUTES
            if name in accounts.columns and _is_group(accounts.look.column(accounts.columns[name]), is_attribute=True)
        ]
    if (paid := guesses.get("subscriptions")) and 2 <= paid.look.column(paid.columns["plan"]).n_distinct <= MAX_LEVELS:
        names.append("plan")
    if flat := guesses.get("account_snapshots"):
        taken = {*flat.columns.values(), *((flat.label.name,) if flat.label else ())}
        usable = (column for column in flat.look.columns if column.name not in taken and column.name.isidentifier())
        names += [column.name for column in usable if column.name.isascii() and _is_group(column)]
    if not names:
        return
    more = f" ({len(names) - MAX_SLICES} more columns would do)" if len(names) > MAX_SLICES else ""
    yield ""
    yield f"# check: groups by which every figure is shown, and in which a model may be wrong{more}."
    yield f"slices: [{', '.join(names[:MAX_SLICES])}]"


def _is_group(column: ColumnLook, is_attribute: bool = False) -> bool:
    """Whether a column cuts accounts into a few groups that people may see; a text that nearly every row has to itself is a name.

    An attribute of the contract is a text whatever its values look like: classes written as numbers, or as what could be a date (1-10).
    """
    few = 2 <= column.n_distinct <= min(MAX_LEVELS, column.n_filled // 2)
    is_kind = column.kind in ("text", "boolean") or (is_attribute and column.n_distinct in _NUMBERED)
    return is_kind and few and not PRIVATE.search(plain(column.name))
