"""Arrow columns of raw tables from numpy arrays, and the small rates of dirt in them.

Here: conversions (codes to text, seconds to timestamps) and what spoils rows: gaps, duplicates, broken keys.
Add: another kind of dirt, at a rate in ``Dirt``, as extra rows where it would otherwise change what truly happened.
Keep out: which columns a table has (``tables``, ``activity``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from clv_platform.raw.simulation.behaviour import Bools, Ints

ACCOUNT: Final = "_account"
"""Working column: the row's account within its chunk; dropped before writing."""


@dataclass(frozen=True)
class Dirt:
    """Shares of rows that are spoilt, by table kind.

    Rows with a missing or unknown account, repeated rows and impossible dates are added beside the true rows, so that
    the truth stays true; negative values and untidy texts replace the true ones.
    """

    duplicate: float = 0.001
    null_account: float = 0.0002
    orphan_account: float = 0.0002
    negative_value: float = 0.0005
    impossible_dates: float = 0.002
    untidy_territory: float = 0.01
    null_attribute: float = 0.03


DIRT: Final = Dirt()


def texts(names: tuple[str, ...], codes: Ints, missing: Bools | None = None) -> pa.Array:
    """Names by code, null where ``missing``."""
    return pa.array(names, pa.string()).take(pa.array(codes, mask=missing))


def times(seconds: Ints, missing: Bools | None = None) -> pa.Array:
    """UTC seconds as naive timestamps (the contract's times are UTC)."""
    safe = seconds if missing is None else np.where(missing, 0, seconds)
    return pa.array(safe * 1_000_000, mask=missing).cast(pa.timestamp("us"))


def numbered(prefix: str, numbers: npt.NDArray[np.integer], width: int) -> pa.Array:
    """Identifiers such as ``A0000017``."""
    # Arrow makes its functions at import, where the type checker can't see them.
    digits = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, "0")  # pyright: ignore[reportAttributeAccessIssue]
    return joined(prefix, digits, "")


def joined(*parts: str | pa.Array | pa.ChunkedArray) -> pa.Array:
    """Texts joined element by element; the last part stands between the others."""
    return pc.binary_join_element_wise(*parts)  # pyright: ignore[reportAttributeAccessIssue]


def row_ids(prefix: str, first_number: int, account: npt.NDArray[np.integer]) -> pa.Array:
    """Identifiers ``<prefix><account number>-<row of this account>``, the same whatever other accounts exist.

    Parameters
    ----------
    prefix : str
        Kind of row.
    first_number : int
        Number of the chunk's first account.
    account : array
        Account of each row within the chunk, in any order.
    """
    order = np.argsort(account, kind="stable")
    ordered = account[order]
    begins = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.array([], dtype=np.int64)
    within = np.empty(len(account), dtype=np.int64)
    within[order] = np.arange(len(account)) - np.repeat(begins, np.diff(np.r_[begins, len(ordered)]))
    return joined(numbered(prefix, account + first_number, 7), numbered("", within + 1, 3), "-")


def spoil_keys(rng: np.random.Generator, table: pa.Table, dirt: Dirt = DIRT) -> pa.Table:
    """Append whole-row duplicates, rows without an account and rows of accounts that don't exist."""
    n = table.num_rows
    luck = rng.random(n)
    bounds = np.cumsum([dirt.duplicate, dirt.null_account, dirt.orphan_account])
    twice, nameless, orphan = (np.flatnonzero((luck >= low) & (luck < high)) for low, high in zip([0.0, *bounds[:-1]], bounds, strict=True))
    column = table.schema.get_field_index("account_id")
    without = table.take(pa.array(nameless))
    without = without.set_column(column, "account_id", pa.nulls(len(nameless), pa.string()))
    strangers = table.take(pa.array(orphan))
    unknown = joined("X", strangers.column("account_id"), "")
    strangers = strangers.set_column(column, "account_id", unknown)
    return pa.concat_tables([table, table.take(pa.array(twice)), without, strangers])
