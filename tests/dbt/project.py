"""The dbt project in tests: compiled once by dbt, then run as plain SQL in memory, so that a property can be tried on many inputs.

Add ways to run models here; raw tables come from `warehouse_fixture`. Keep assertions out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from warehouse_fixture import Rows, create_raw_schema, insert_rows

from clv_platform.config import CompanyConfig
from clv_platform.contracts.dbt_vars import build_dbt_vars
from clv_platform.settings import PROJECT_ROOT

DBT_PROJECT = PROJECT_ROOT / "dbt_project"


def run_dbt(command: list[str], config: CompanyConfig, observed_until: date | None, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run dbt in a process of its own on the warehouse in `folder`; artifacts go to `folder/target`."""
    environment = os.environ | {
        "CLV_WAREHOUSE": str(folder / "warehouse.duckdb"),
        "CLV_STATE_DIR": str(folder),
        "CLV_THREADS": "2",  # dbt builds several models at once: nothing else runs beside it in tests
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    places = [
        "--project-dir",
        DBT_PROJECT,
        "--profiles-dir",
        DBT_PROJECT,
        "--target-path",
        folder / "target",
        "--log-path",
        folder / "logs",
    ]
    variables = json.dumps(build_dbt_vars(config, observed_until))
    return subprocess.run(
        [Path(sys.executable).parent / "dbt", "--no-version-check", "--no-use-colors", *command, *places, "--vars", variables],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def create_warehouse(config: CompanyConfig, tables: Mapping[str, Rows], folder: Path) -> Path:
    """Write a warehouse file with these raw rows."""
    path = folder / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        create_raw_schema(connection, config)
        for name, rows in tables.items():
            insert_rows(connection, name, rows)
    return path


@dataclass(frozen=True)
class CompiledProject:
    """The SELECT of every model, in an order in which they can be built.

    Attributes
    ----------
    models : dict
        Name to (schema, materialization, SQL); names in the SQL start with the database `warehouse`.
    """

    config: CompanyConfig
    models: Mapping[str, tuple[str, str, str]]
    manifest: Mapping[str, Any]

    def build(self, tables: Mapping[str, Rows], until_layer: str = "features", also: Sequence[str] = ()) -> duckdb.DuckDBPyConnection:
        """Build the models in memory on these raw rows, up to and with a layer, and single ones of later layers; return the connection."""
        connection = duckdb.connect(":memory:", config={"threads": 1})
        connection.execute("attach ':memory:' as warehouse; use warehouse")
        create_raw_schema(connection, self.config)
        for name, rows in tables.items():
            insert_rows(connection, name, rows)
        layers = ["staging", "intermediate", "features", "labels", "marts"]
        wanted = layers[: layers.index(until_layer) + 1]
        for name, (schema, materialization, sql) in self.models.items():
            if schema in wanted or name in also:
                connection.execute(f"create schema if not exists {schema}")
                connection.execute(f"create {materialization} {schema}.{name} as {sql}")
        return connection

    def replaced(self, model: str, old: str, new: str) -> CompiledProject:
        """Return the project with a changed model; for showing that a check can fail."""
        schema, materialization, sql = self.models[model]
        if old not in sql:
            raise ValueError(f"{model}: expected {old!r} in its SQL")
        return CompiledProject(self.config, {**self.models, model: (schema, materialization, sql.replace(old, new))}, self.manifest)


def compile_project(config: CompanyConfig, observed_until: date, folder: Path) -> CompiledProject:
    """Compile the project for a config on an empty warehouse."""
    create_warehouse(config, {}, folder)
    done = run_dbt(["compile"], config, observed_until, folder)
    if done.returncode:
        raise RuntimeError(f"dbt compile failed:\n{done.stdout}\n{done.stderr}")
    manifest = json.loads((folder / "target" / "manifest.json").read_text())
    return CompiledProject(config, _in_order(manifest), manifest)


def _in_order(manifest: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model" and node["schema"] != "reporting"}
    ordered: dict[str, tuple[str, str, str]] = {}
    waiting = dict(nodes)
    while waiting:
        ready = [key for key, node in waiting.items() if not any(parent in waiting for parent in node["depends_on"]["nodes"])]
        for key in ready:
            node = waiting.pop(key)
            ordered[node["name"]] = (node["schema"], node["config"]["materialized"], node["compiled_code"])
    return ordered
