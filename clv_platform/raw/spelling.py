"""Which raw values staging spells otherwise, counted for `clv check` and the data report.

Keep out: what counts as the same name (`contracts.plans`, `contracts.spellings`) and the change itself (staging).
"""

from __future__ import annotations

from typing import NamedTuple

from clv_platform.config import CompanyConfig
from clv_platform.contracts.plans import plan_as_listed
from clv_platform.contracts.spellings import category_columns
from clv_platform.warehouse import Connection, column_exists, quote_name


class Respelt(NamedTuple):
    """One value that staging spells otherwise, and in how many raw rows it is."""

    table_name: str
    column_name: str
    given: str
    used: str
    n: int


def count_respelt(connection: Connection, config: CompanyConfig) -> tuple[Respelt, ...]:
    """Count values that staging spells otherwise: plans as the config, categories as most rows do; private columns stay unsaid.

    Parameters
    ----------
    connection : Connection
        With the raw tables loaded.
    config : CompanyConfig
        Whose tables they are.
    """
    found: list[Respelt] = []
    if config.plans and column_exists(connection, "raw", "subscriptions", "plan"):
        counts = connection.execute("select trim(plan), count(*) from raw.subscriptions where plan is not null group by 1").fetchall()
        found += [Respelt("subscriptions", "plan", plan, plan_as_listed(plan, config.plans), n) for plan, n in counts]
    for table, column in category_columns(config):
        if column in config.private or not column_exists(connection, "raw", table, column):
            continue
        rows = connection.execute(
            f"with counts as (select nullif(trim({quote_name(column)}::varchar), '') as given, count(*) as n from raw.{table} group by 1) "
            "select given, first_value(given) over (partition by lower(trim(regexp_replace(given, '\\s+', ' ', 'g'))) "
            "order by n desc, given) as used, n from counts qualify given <> used"
        ).fetchall()
        found += [Respelt(table, column, *row) for row in rows]
    changed = (row for row in found if row.given != row.used)
    return tuple(sorted(changed, key=lambda row: (row.table_name != "subscriptions", row.table_name, row.column_name, -row.n, row.given)))
