"""Claims about the raw load. They read `raw_load.json`, so they don't need the warehouse file."""

from dagster import AssetCheckResult, AssetChecksDefinition, AssetCheckSeverity, asset_check

from assets.company import Company

MAX_REJECTED_SHARE = 0.05


def build_raw_checks(company: Company) -> list[AssetChecksDefinition]:
    """Return the checks of the raw layer."""

    @asset_check(asset=["raw", "load_report"], blocking=True)
    def rows_are_conserved() -> AssetCheckResult:
        """Every row read is accepted, rejected or excluded: read = accepted + rejected + excluded, for each table."""
        from clv_platform.raw import read_raw_load

        tables = read_raw_load(company.paths).tables
        lost = {t.name: t.n_read - t.n_accepted - t.n_rejected - t.n_excluded for t in tables}
        lost = {name: count for name, count in lost.items() if count}
        described = "; ".join(f"{name}: {count:+,}" for name, count in lost.items())
        return AssetCheckResult(
            passed=not lost,
            description=f"Rows unaccounted for (read minus accepted, rejected and excluded): {described}." if lost else "No row is lost.",
            metadata={"n_read": sum(t.n_read for t in tables), "n_unaccounted": sum(abs(count) for count in lost.values())},
        )

    @asset_check(asset=["raw", "load_report"])
    def reject_share_is_small() -> AssetCheckResult:
        """At most 5 % of each table's rows are rejected; more is worth a look at `raw.rejected_rows`, but never stops a run."""
        from clv_platform.raw import read_raw_load

        shares = {t.name: t.n_rejected / t.n_read for t in read_raw_load(company.paths).tables if t.n_read}
        high = {name: share for name, share in shares.items() if share > MAX_REJECTED_SHARE}
        described = ", ".join(f"{name} {100 * share:.1f} %" for name, share in high.items())
        return AssetCheckResult(
            passed=not high,
            severity=AssetCheckSeverity.WARN,
            description=f"Many rejected rows: {described}. See raw.rejected_rows for the reasons."
            if high
            else "Few or no rows are rejected.",
            metadata={f"rejected_share_{name}": float(share) for name, share in shares.items()},
        )

    return [rows_are_conserved, reject_share_is_small]
