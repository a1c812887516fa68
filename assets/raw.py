"""The raw layer: the company's files and databases as typed tables, with everything that was left out beside them.

Here: one multi-asset, because one load reads all sources and checks keys across them. A new raw table appears by itself from
`contracts.raw_tables`. Keep parsing and validation out: that is `clv_platform.raw`.
"""

from collections.abc import Sequence

from dagster import (
    AssetExecutionContext,
    AssetsDefinition,
    AssetSpec,
    MaterializeResult,
    MetadataValue,
    TableColumn,
    TableSchema,
    multi_asset,
)

from assets.company import Company
from assets.partitions import recent_cutoffs, register_cutoffs
from assets.processes import end_orphan
from assets.warehouse import WAREHOUSE_POOL
from clv_platform.contracts.features import build_feature_catalogue
from clv_platform.contracts.raw_tables import BOOKKEEPING, RAW_TABLES, SQL_TYPES, Column

BESIDE = {
    "rejected_rows": "Rows that could not be used: grain is one rejected row of a source, with table, file, row, column, value and reason.",
    "excluded_rows": "Rows left out on purpose: grain is one row of a source, with the rule of the config that left it out.",
    "load_report": "What became of every row: grain is one raw table; read = accepted + rejected + excluded.",
    "feature_catalogue": "What each feature means: grain is one feature, with label, meaning, window, unit and source.",
    "coverage": "From when until when the data reach: one row; `observed_until` is exclusive.",
}


def build_raw_assets(company: Company) -> AssetsDefinition:
    """Return the multi-asset that loads every source of the company."""

    @multi_asset(name="raw_tables", specs=_specs(company), pool=WAREHOUSE_POOL)
    def raw_tables(context: AssetExecutionContext):
        from clv_platform.raw import load_raw

        end_orphan(company.paths.dbt_target / "dbt.process")
        loaded = load_raw(company.config, company.paths, company.settings)
        register_cutoffs(context.instance, company, recent_cutoffs(company, loaded.observed_from))
        for warning in loaded.warnings:
            context.log.warning(warning)
        for name in RAW_TABLES:
            yield MaterializeResult(asset_key=["raw", name], metadata=_metadata_of_table(loaded.table(name)))
        for name in BESIDE:
            yield MaterializeResult(asset_key=["raw", name], metadata=metadata_beside(name, loaded, company))

    return raw_tables


def _specs(company: Company) -> list[AssetSpec]:
    tables = [
        AssetSpec(
            ["raw", table.name],
            group_name="raw",
            owners=["team:data-engineering"],
            kinds={"python", "duckdb"},
            description=table.description + ("" if table.name in company.config.sources else " This company has none: the table is empty."),
            metadata={"dagster/column_schema": column_schema((*table.columns, *BOOKKEEPING)), "dagster/table_name": f"raw.{table.name}"},
        )
        for table in RAW_TABLES.values()
    ]
    beside = [
        AssetSpec(["raw", name], group_name="raw", owners=["team:data-engineering"], kinds={"python", "duckdb"}, description=description)
        for name, description in BESIDE.items()
    ]
    return [*tables, *beside]


def column_schema(columns: Sequence[Column]) -> TableSchema:
    """Names and types of a raw table, as the UI shows them."""
    return TableSchema([TableColumn(column.name, SQL_TYPES[column.type]) for column in columns])


def _metadata_of_table(table) -> dict:
    if table is None:
        return {"dagster/row_count": 0, "source": "absent: empty and typed"}
    counts = {"n_read": table.n_read, "n_rejected": table.n_rejected, "n_excluded": table.n_excluded}
    return {"dagster/row_count": table.n_accepted, "source": table.source, **counts}


def metadata_beside(name: str, loaded, company: Company) -> dict:
    """Row count, and what else is worth a look, of a table that lies beside the raw tables."""
    report = "\n".join(
        ["| table | read | accepted | rejected | excluded |", "| --- | ---: | ---: | ---: | ---: |"]
        + [f"| {t.name} | {t.n_read:,} | {t.n_accepted:,} | {t.n_rejected:,} | {t.n_excluded:,} |" for t in loaded.tables]
    )
    by_name = {
        "rejected_rows": {"dagster/row_count": sum(table.n_rejected for table in loaded.tables)},
        "excluded_rows": {"dagster/row_count": sum(table.n_excluded for table in loaded.tables)},
        "load_report": {"dagster/row_count": len(loaded.tables), "report": MetadataValue.md(report), "data_hash": loaded.data_hash},
        "feature_catalogue": {"dagster/row_count": len(build_feature_catalogue(company.config))},
        "coverage": {
            "dagster/row_count": 1,
            "observed_from": str(loaded.observed_from or "undated"),
            "observed_until": str(loaded.observed_until or "undated"),
        },
    }
    return by_name[name]
