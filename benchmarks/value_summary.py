"""Purchase summaries for `value.py`: the log, the warehouse that holds it, and our contenders.

`summary_platform` runs the SELECTs of the dbt models `int_orders__days`, `int_purchases__at_snapshots` and `fct_purchase_summaries`, as dbt
compiled them, on the loaded table of orders; `summary_from_days` the last two, the first being there, sorted as the model sorts it where a
company has monthly snapshots (`by_model` tells the summary of all accounts from the choice of eligible ones). What they read lies in
memory before the clock starts, and results stay there: files are none of the peers' work either. `summary_by_hand` is the least that
such a statement can be, straight from the file. Add: another way to the same summary. Keep out: peers, which run in environments of their
own (`value_peers`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from value_peers import measure

FIRST, AS_OF = date(2025, 1, 1), date(2026, 1, 1)
MODELS = {
    "days": "intermediate/int_orders__days",
    "purchases": "intermediate/int_purchases__at_snapshots",
    "summaries": "marts/fct_purchase_summaries",
}
TABLES = ("raw.orders", "intermediate.int_snapshots__dates", "intermediate.int_accounts__spine")
VIEW = "stg_raw__orders"
MART = "+fct_purchase_summaries"
BY_HAND = """
    create table summaries as
    with days as (
        select account_id, cast(ordered_at as date) as ordered_on, sum(amount) as amount, bool_or(amount >= 0) as is_purchase
        from read_parquet('{log}')
        where ordered_at < timestamp '{as_of}'
        group by 1, 2
    )
    select
        account_id,
        greatest(count(*) filter (is_purchase) - 1, 0) as frequency,
        max(ordered_on) filter (is_purchase) - min(ordered_on) filter (is_purchase) as recency_days,
        date '{as_of}' - 1 - min(ordered_on) filter (is_purchase) as T_days,
        count(*) filter (is_purchase) as n_purchases,
        count(*) filter (is_purchase and amount > 0) as n_valued,
        avg(amount) filter (is_purchase and amount > 0) as mean_value,
        sum(amount) as total_spend
    from days
    group by 1
"""
SUMS = """
    select count(*), sum(frequency), sum(recency_days), sum(T_days), sum(mean_value), sum(total_spend) from {table}
"""


def write_log(folder: Path, n_rows: int) -> None:
    """Simulate order lines of one year in the order of time: ten lines an account, two a day with purchases, 2 % of them refunds."""
    import pandas as pd

    if (folder / "log.parquet").exists():
        return
    random = np.random.default_rng(8)
    n_accounts, n_days = n_rows // 10, n_rows // 2
    # Everybody buys once; the other days go to accounts by their rates.
    weight = random.gamma(0.5, 1.0, n_accounts)
    more = random.choice(n_accounts, n_days - n_accounts, p=weight / weight.sum())
    begins = random.integers(0, 365, n_accounts)
    account = np.concatenate([np.arange(n_accounts), more])
    day = np.concatenate([begins, begins[more] + (random.random(len(more)) * (365 - begins[more])).astype(np.int64)])
    line = np.concatenate([np.arange(n_days), random.integers(0, n_days, n_rows - n_days)])
    seconds = (day * 86_400 + random.integers(0, 86_400, n_days))[line]  # lines of one purchase share the moment
    amount = np.round(random.gamma(2.0, 12.0, n_rows) + 0.01, 2)
    # Refunds are lines of days with a purchase: of days with refunds alone the contenders think differently.
    amount[n_days:] *= np.where(random.random(n_rows - n_days) < 0.04, -1, 1)
    order = np.argsort(seconds, kind="stable")
    ordered_at = np.datetime64(FIRST, "us") + seconds[order].astype("timedelta64[s]")
    names = np.char.add("C", np.char.zfill(np.arange(n_accounts).astype(str), 8)).astype(object)
    table = {"account_id": names[account[line[order]]], "ordered_at": ordered_at, "amount": amount[order]}
    pd.DataFrame(table).to_parquet(folder / "log.parquet", index=False)
    (folder / "log.json").write_text(json.dumps({"as_of": AS_OF.isoformat(), "rows": n_rows, "accounts": n_accounts}))


def prepare_warehouse(folder: Path) -> None:
    """Load the log as a company's orders and let dbt build what the two models read, and compile them; kept for later calls."""
    from clv_platform.config import CompanyConfig
    from clv_platform.contracts.dbt_vars import build_dbt_vars
    from clv_platform.raw import load_raw
    from clv_platform.settings import PROJECT_ROOT, company_paths, load_settings

    settings = load_settings({"CLV_DATA_DIR": str(folder), "CLV_THREADS": "1"})
    paths = company_paths(settings, "company")
    config = CompanyConfig.model_validate(
        {
            "name": "company",
            "title": "Benchmark",
            "observed_until": AS_OF.isoformat(),
            "sources": {"orders": {"files": str(folder / "log.parquet")}},
            "eligibility": {"min_tenure_days": 0, "min_active_months": 0},
            "targets": [{"name": "value", "kind": "value", "horizon_days": 182, "as_of_dates": [AS_OF.isoformat()]}],
        }
    )
    if not paths.warehouse.exists():
        load_raw(config, paths, settings)
    state = folder / "company"
    environment = os.environ | {
        "CLV_WAREHOUSE": str(paths.warehouse),
        "CLV_STATE_DIR": str(state),
        "CLV_THREADS": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    project = PROJECT_ROOT / "dbt_project"
    variables = json.dumps(build_dbt_vars(config, AS_OF), sort_keys=True)
    places = ["--project-dir", project, "--profiles-dir", project, "--target-path", state / "target", "--log-path", state / "logs"]
    done = subprocess.run(
        [Path(sys.executable).parent / "dbt", "--no-version-check", "run", "--select", MART, *places, "--vars", variables],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"dbt failed:\n{done.stdout}\n{done.stderr}")


def read_compiled(folder: Path, model: str) -> str:
    """The SELECT of a model as dbt compiled it."""
    found = list((folder / "company" / "target" / "compiled").glob(f"*/models/{MODELS[model]}.sql"))
    if len(found) != 1:
        raise SystemExit(f"expected one compiled {MODELS[model]}.sql under {folder / 'company' / 'target'}, found {len(found)}")
    return found[0].read_text()


def summarise_from_log(folder: Path) -> dict[str, Any]:
    """All models' SELECTs, one after the other, as a dbt run does."""
    return _run_models(folder, ("days", "purchases", "summaries"))


def summarise_from_days(folder: Path) -> dict[str, Any]:
    """The summary alone, from the account-day fact of the last dbt run, an account's days together."""
    return _run_models(folder, ("purchases", "summaries"))


def build_day_fact(folder: Path) -> dict[str, Any]:
    """The account-day fact alone."""
    return _run_models(folder, ("days",))


def _run_models(folder: Path, models: tuple[str, ...]) -> dict[str, Any]:
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("set threads = 1; set TimeZone = 'UTC'; set preserve_insertion_order = false")
        _copy_to_memory(connection, folder, (*TABLES, *(() if "days" in models else (_name_of("days"),))))

        def run(model: str) -> None:
            connection.execute(f"create table {_name_of(model)} as {read_compiled(folder, model)}")

        each = {model: measure(lambda model=model: run(model))[0] for model in models}
        figures: dict[str, Any] = {name: round(sum(item[name] for item in each.values()), 3) for name in ("processor_seconds", "seconds")}
        figures |= {"by_model": {model: item["processor_seconds"] for model, item in each.items()}}
        return figures | ({} if models == ("days",) else _sums(connection, _name_of("summaries")))


def _name_of(model: str) -> str:
    return MODELS[model].replace("/", ".")


def _copy_to_memory(connection: Any, folder: Path, tables: tuple[str, ...]) -> None:
    """A database in memory under the warehouse's name, with what the models read."""
    connection.execute(f"attach '{folder / 'company' / 'warehouse.duckdb'}' as stored (read_only); attach ':memory:' as warehouse")
    connection.execute("use warehouse; create schema raw; create schema staging; create schema intermediate; create schema marts")
    for table in tables:
        order = "order by cast(hash(account_id) >> 52 as smallint)" if table == _name_of("days") else ""
        connection.execute(f"create table {table} as select * from stored.{table} {order}")
    found = f"select sql from duckdb_views() where database_name = 'stored' and view_name = '{VIEW}'"
    connection.execute(connection.execute(found).fetchall()[0][0])
    connection.execute("detach stored")


def summarise_by_hand(folder: Path) -> dict[str, Any]:
    """One statement over the file: no lines known late, no duplicates, no costs, no decimals."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("set threads = 1; set preserve_insertion_order = false")
        figures, _ = measure(lambda: connection.execute(BY_HAND.format(log=folder / "log.parquet", as_of=AS_OF)))
        return figures | _sums(connection, "summaries")


def _sums(connection: Any, table: str) -> dict[str, Any]:
    n, *sums = connection.execute(SUMS.format(table=table)).fetchall()[0]
    names = ("frequency", "recency", "T", "mean_value", "total_spend")
    return {"n": n, "sums": {name: float(value) for name, value in zip(names, sums, strict=True)}}
