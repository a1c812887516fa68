"""The facts of the data report, asked of the warehouse: counts, coverage, what features look like, base rates.

Everything is counted in DuckDB, so that a million accounts need no more memory here than ten. Needs a connection that a room above opened.
Add a fact here and in `DataReportInputs`. Keep words and layout out.
"""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from clv_platform.config import CompanyConfig
from clv_platform.contracts.features import Feature, build_feature_catalogue
from clv_platform.contracts.raw_tables import RAW_TABLES
from clv_platform.datasets import label_name
from clv_platform.raw.checking import find_absent_features
from clv_platform.raw.spelling import Respelt, count_respelt
from clv_platform.raw.summary import RawLoad
from clv_platform.reports.inputs import DataReportInputs
from clv_platform.warehouse import Connection, quote_name, quote_text, table_exists

FEATURE_TABLES = ("fct_upgrade_examples", "fct_churn_examples", "fct_value_examples", "fct_account_features")
_WHEN = {
    "fct_upgrade_examples": "at each date on which it could upgrade",
    "fct_churn_examples": "at each date on which it could leave",
    "fct_value_examples": "at each date for which its value is asked",
    "fct_account_features": "at each date",
}
MAX_SUMMARISED_ROWS = 2_000_000  # above, every k-th account is taken: exact quantiles hold all values in memory
_FEATURES_PER_QUERY = 40


def collect_data_facts(connection: Connection, config: CompanyConfig, raw_load: RawLoad) -> DataReportInputs:
    """Ask a built warehouse for everything that the data report shows.

    Parameters
    ----------
    connection : Connection
        An open warehouse, raw loaded and marts built; read-only is enough.
    config : CompanyConfig
        Whose warehouse it is.
    raw_load : RawLoad
        What the load said.
    """
    absent = find_absent_features(connection, config)
    features, rows = _summarise_features(connection, config, {name for names in absent.values() for name in names})
    return DataReportInputs(
        config=config,
        tables=_tables(connection, raw_load),
        rejects=connection.execute(
            "select table_name, column_name, reason, kind, count(*) as n from raw.rejected_rows group by all "
            "order by table_name, n desc, column_name, reason, kind"
        ).df(),
        exclusions=connection.execute(
            "select table_name, rule, count(*) as n from raw.excluded_rows group by all order by table_name, n desc, rule"
        ).df(),
        excluded_accounts=_when_there(
            connection, "intermediate", "int_excluded_accounts",
            "select as_of_date, reason, count(*) as n from intermediate.int_excluded_accounts group by all "
            "order by as_of_date, n desc, reason",
        ),
        spine=_when_there(
            connection, "intermediate", "int_accounts__spine",
            "select as_of_date, count(*) as n_accounts from intermediate.int_accounts__spine group by all order by as_of_date",
        ),
        features=features,
        feature_rows=rows,
        absent_features=absent,
        respelt=pd.DataFrame(count_respelt(connection, config), columns=Respelt._fields),
        activity=_activity(connection, config),
        base_rates=_base_rates(connection, config),
        observed_from=raw_load.observed_from,
        observed_until=raw_load.observed_until,
        warnings=raw_load.warnings,
    )  # fmt: skip


def _tables(connection: Connection, raw_load: RawLoad) -> pd.DataFrame:
    """Read, accepted, rejected, excluded as loaded; duplicates and used rows as staging found them, where it ran."""
    columns = ["source", "n_read", "n_accepted", "n_rejected", "n_excluded"]
    rows = [{"table_name": table.name, **{name: getattr(table, name) for name in columns}} for table in raw_load.tables]
    loaded = pd.DataFrame(rows, columns=["table_name", *columns])
    staged = _when_there(
        connection, "marts", "fct_row_conservation", "select table_name, n_duplicates, n_late, n_used from marts.fct_row_conservation"
    )
    if staged.empty:
        return loaded.assign(n_duplicates=float("nan"), n_late=float("nan"), n_used=float("nan"))
    return loaded.merge(staged, on="table_name", how="left")


def _when_there(connection: Connection, schema: str, table: str, query: str) -> pd.DataFrame:
    return connection.execute(query).df() if table_exists(connection, schema, table) else pd.DataFrame()


def _activity(connection: Connection, config: CompanyConfig) -> pd.DataFrame:
    """Rows and accounts per month of every dated raw table that the config gives."""
    parts = []
    for name, table in RAW_TABLES.items():
        if name not in config.sources or table.happens_at is None or (name == "account_snapshots" and config.snapshots.is_undated):
            continue
        accounts = "count(distinct account_id)" if "account_id" in table.column_names else "null::bigint"
        parts.append(
            f"select {quote_text(name)} as table_name, date_trunc('month', {table.happens_at})::date as month, count(*) as n_rows, "
            f"{accounts} as n_accounts from raw.{name} where {table.happens_at} is not null group by all"
        )
    if not parts:
        return pd.DataFrame()
    return connection.execute(" union all ".join(parts) + " order by table_name, month").df()


def _base_rates(connection: Connection, config: CompanyConfig) -> pd.DataFrame:
    """Usable labels and positives per as-of date and yes-or-no target, of the rows that the target's model is asked about."""
    parts = []
    for target in config.targets:
        table = f"fct_{target.kind}_examples"
        if target.kind == "value" or not table_exists(connection, "marts", table):
            continue
        label = quote_name(label_name(target, config.snapshots.is_undated))
        own = f"is_eligible_{target.name}"  # as in `build_examples`: there when the targets of a kind differ in whom they can be asked of
        eligible = quote_name(own if own in _columns(connection, table) else "is_eligible")
        dates = ", ".join(quote_text(str(day)) for day in target.as_of_dates)
        asked = f"{eligible} and as_of_date in ({dates})" if dates else eligible
        parts.append(
            f"select {quote_text(target.name)} as target, as_of_date, count({label}) as n, coalesce(sum({label}), 0) as n_positive "
            f"from marts.{table} where {asked} group by all having count({label}) > 0"
        )
    if not parts:
        return pd.DataFrame()
    return connection.execute(" union all ".join(parts) + " order by target, as_of_date").df()


def _count(connection: Connection, table: str) -> int:
    return int((connection.execute(f"select count(*) from marts.{table}").fetchone() or (0,))[0])


def _columns(connection: Connection, table: str) -> set[str]:
    query = "select column_name from information_schema.columns where table_schema = 'marts' and table_name = ?"
    return {row[0] for row in connection.execute(query, [table]).fetchall()}


def _summarise_features(connection: Connection, config: CompanyConfig, absent: Collection[str] = ()) -> tuple[pd.DataFrame, str]:
    """Describe every feature of the catalogue on the first mart that holds them, and say on which rows."""
    there_are = [name for name in FEATURE_TABLES if table_exists(connection, "marts", name)]
    # A mart without a target of its kind is there, but empty.
    table = next((name for name in there_are if _count(connection, name)), there_are[0] if there_are else None)
    catalogue = build_feature_catalogue(config)
    if table is None or not catalogue:
        return pd.DataFrame(), ""
    n_rows = _count(connection, table)
    step = -(-n_rows // MAX_SUMMARISED_ROWS) if n_rows else 1
    where = f"where hash(account_id) % {step} = 0" if step > 1 else ""
    there = _columns(connection, table)
    known = [feature for feature in catalogue if feature.name in there and feature.name not in absent]
    visible = [feature for feature in known if feature.name not in config.private]
    found = _numbers(connection, table, where, [f for f in visible if f.type != "category"])
    found |= _categories(connection, table, where, [f for f in visible if f.type == "category"])
    empty = {
        "n": None,
        "n_missing": None,
        "mean": None,
        "lowest": None,
        "median": None,
        "highest": None,
        "top_level": None,
        "top_share": None,
    }
    rows = [
        {"name": f.name, "type": f.type, "group": f.group, "label": f.label, "window": f.window, "unit": f.unit,
         "is_private": f.name in config.private} | empty | found.get(f.name, {})
        for f in known
    ]  # fmt: skip
    counted = f"{n_rows:,} rows" if step == 1 else f"one account in {step} of the {n_rows:,} rows"
    what = "every account once" if config.snapshots.is_undated else f"every account {_WHEN[table]}"
    return pd.DataFrame(rows), f"{counted} of {table}: {what}"


def _numbers(connection: Connection, table: str, where: str, features: list[Feature]) -> dict[str, dict[str, float | int | None]]:
    found: dict[str, dict[str, float | int | None]] = {}
    for start in range(0, len(features), _FEATURES_PER_QUERY):
        chunk = features[start : start + _FEATURES_PER_QUERY]
        asked = ", ".join(
            f"count({c}), avg({c}::double), quantile_cont({c}::double, [0.05, 0.5, 0.95])" for c in (quote_name(f.name) for f in chunk)
        )
        row = connection.execute(f"select count(*), {asked} from marts.{table} {where}").fetchone()
        assert row is not None  # an aggregate always gives one row
        total = row[0]
        for i, feature in enumerate(chunk):
            n, mean, quantiles = row[1 + 3 * i : 4 + 3 * i]
            low, middle, high = quantiles or (None, None, None)
            found[feature.name] = {"n": total, "n_missing": total - n, "mean": mean, "lowest": low, "median": middle, "highest": high}
            if feature.type == "boolean":
                found[feature.name] |= {"lowest": None, "median": None, "highest": None, "top_share": mean}
    return found


def _categories(connection: Connection, table: str, where: str, features: list[Feature]) -> dict[str, dict[str, float | int | str | None]]:
    found: dict[str, dict[str, float | int | str | None]] = {}
    for feature in features:
        counts = connection.execute(
            f"select {quote_name(feature.name)}::varchar, count(*) as n from marts.{table} {where} group by 1 order by n desc, 1"
        ).fetchall()
        total, missing = sum(n for _, n in counts), sum(n for level, n in counts if level is None)
        levels = [(level, n) for level, n in counts if level is not None]
        found[feature.name] = {"n": total, "n_missing": missing}
        if levels:
            found[feature.name] |= {"top_level": levels[0][0], "top_share": levels[0][1] / (total - missing), "n_levels": len(levels)}
    return found
