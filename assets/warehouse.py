"""The dbt layers: staging to marts before the models, reporting after the scores.

Here: two disjoint sets of dbt assets and how dbt's nodes are called in Dagster. A rule about the content of a table is a dbt test, which
shows as an asset check. Keep calling dbt itself out (see `manifest`).
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dagster import AssetDep, AssetExecutionContext, AssetKey, AssetsDefinition, AssetSpec, Output
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject, dbt_assets

from assets.company import Company
from assets.manifest import DbtCli, dbt_vars

OWNERS = {"reporting": "team:analytics", "marts": "team:analytics"}
WAREHOUSE_POOL = "duckdb"


class LayerTranslator(DagsterDbtTranslator):
    """dbt nodes as assets: key `[layer, name]`, group = layer; reporting comes after every target's scores and the segments."""

    def __init__(self, company: Company):
        super().__init__(DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True, enable_duplicate_source_asset_keys=True))
        self._scores = [AssetKey(["scores", f"{target.name}_scores"]) for target in company.trained_targets]
        self._scores += [AssetKey(["scores", "segments"])] if company.has_segments else []

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> AssetKey:
        """`[layer, name]`; a source's key is what its `meta.dagster.asset_key` says, else `[source, table]`."""
        if dbt_resource_props["resource_type"] == "source":
            meta = dbt_resource_props.get("meta") or dbt_resource_props.get("config", {}).get("meta") or {}
            return AssetKey(meta.get("dagster", {}).get("asset_key") or [dbt_resource_props["source_name"], dbt_resource_props["name"]])
        return AssetKey([dbt_layer(dbt_resource_props), dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The layer, for models; sources belong to the asset that writes them."""
        return None if dbt_resource_props["resource_type"] == "source" else dbt_layer(dbt_resource_props)

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str] | None:
        """Analytics owns what people read, data engineering the rest."""
        return [OWNERS.get(dbt_layer(dbt_resource_props), "team:data-engineering")]

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> AssetSpec:
        """As dagster-dbt does; a source of scores stands for all scores and segments of this company."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        of_scores = [dep for dep in spec.deps if dep.asset_key.path[0] == "scores"]
        if not of_scores:
            return spec
        others = [dep for dep in spec.deps if dep not in of_scores]
        return spec.replace_attributes(deps=[*others, *(AssetDep(key) for key in self._scores)])


def dbt_layer(props: Mapping[str, Any]) -> str:
    """The folder under `models/`, which is also the schema."""
    return props["fqn"][1]


def build_warehouse_assets(company: Company, manifest_path: Path) -> list[AssetsDefinition]:
    """Return `dbt_warehouse` (staging to marts, then the marts as Parquet) and `dbt_reporting`."""
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    translator = LayerTranslator(company)
    models = frozenset(node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "model")
    reporting = f"fqn:{manifest['metadata']['project_name']}.reporting"

    @dbt_assets(manifest=manifest, exclude=reporting, name="dbt_warehouse", dagster_dbt_translator=translator, pool=WAREHOUSE_POOL)
    def dbt_warehouse(context: AssetExecutionContext, dbt: DbtCli):
        events = dbt.cli(build_command(company), context=context, target_path=company.paths.dbt_target / "warehouse").stream()
        yield from with_exports(
            events, with_threads_of(dbt, company), company.paths.marts, ("marts__", "intermediate__int_label_values"), models
        )

    @dbt_assets(manifest=manifest, select=reporting, name="dbt_reporting", dagster_dbt_translator=translator, pool=WAREHOUSE_POOL)
    def dbt_reporting(context: AssetExecutionContext, dbt: DbtCli):
        events = dbt.cli(build_command(company), context=context, target_path=company.paths.dbt_target / "reporting").stream()
        yield from with_exports(events, with_threads_of(dbt, company), company.paths.root / "reporting", ("reporting__",), models)

    return [dbt_warehouse, dbt_reporting]


def with_threads_of(dbt: DbtCli, company: Company) -> Company:
    """The company with as many threads as dbt has: beside its step, and so beside the export, little runs."""
    threads = int(dbt.environment.get("CLV_THREADS", company.settings.threads))
    return replace(company, settings=replace(company.settings, threads=threads))


def build_command(company: Company) -> list[str]:
    """Models and data tests; unit tests check the SQL, not the data, and belong to the project's own tests."""
    return ["build", "--exclude-resource-type", "unit_test", "--vars", dbt_vars(company)]


def with_exports(
    events: Iterator[Any], company: Company, folder: Path, exported: tuple[str, ...], models: Collection[str]
) -> Iterator[Any]:
    """Pass dbt's events on, but hold those of tables until the end: exported ones lie in `folder` as Parquet then, and all know their rows.

    Views and checks pass at once. When dbt fails, what it had built is passed on without counts, and nothing is exported. Files of models
    that this company no longer has are removed: what lies in `folder` is published.

    Parameters
    ----------
    exported : tuple of str
        Beginnings of the output names `<layer>__<model>` to export.
    models : collection of str
        Names of all models of the company's dbt project.
    """
    from pyarrow.parquet import read_metadata

    from clv_platform.warehouse import count_rows, export_tables, open_warehouse

    held: dict[str, Output[Any]] = {}
    counted: dict[str, Output[Any]] = {}
    try:
        for event in events:
            if isinstance(event, Output) and event.output_name.startswith(exported):
                held[event.output_name.replace("__", ".", 1)] = event
            elif isinstance(event, Output) and not event.output_name.startswith("staging__"):
                counted[event.output_name.replace("__", ".", 1)] = event
            else:
                yield event
    except Exception:
        yield from counted.values()
        raise
    n_rows: dict[str, int] = {}
    if held or counted:
        with open_warehouse(company.paths.warehouse, company.settings, read_only=True) as connection:
            written = export_tables(connection, list(held), folder)
            n_rows = count_rows(connection, list(counted))
        n_rows |= {table: read_metadata(path).num_rows for table, path in written.items()}
    if held:
        for path in folder.glob("*.parquet"):
            if path.stem not in models:
                path.unlink()
    for table, event in {**counted, **held}.items():
        rows = {"dagster/row_count": n_rows[table]} if table in n_rows else {}
        yield event.with_metadata({**event.metadata, **rows})
