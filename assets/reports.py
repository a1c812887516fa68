"""Reports and what is published: pages for people, files for other programs.

Keep rendering out (see `clv_platform.reports`). Only a run of the newest cutoff publishes.
"""

from dataclasses import replace
from pathlib import Path

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, MetadataValue, asset

from assets.company import SEGMENT_KEYS, Company
from assets.partitions import build_cutoffs, is_newest_cutoff, parse_cutoff
from assets.review import FRAMES_KEY
from assets.targets import OWNERS, TargetRoom, floats
from assets.value_room import read_value_scores
from assets.warehouse import WAREHOUSE_POOL
from clv_platform.config import Target


def build_report_asset(company: Company, target: Target) -> AssetsDefinition:
    """Return `reports/<target>_report`."""
    room = TargetRoom(company, target)

    @asset(
        key=room.key("reports", "report"),
        deps=[
            room.key("explain", "explanations"),
            room.key("scores", "scores"),
            room.key("reports", "outcomes"),
            room.key("reports", "backtest"),
            ["marts", "fct_target_events"],
            ["reports", "exploration_report"],
            FRAMES_KEY,
        ],
        group_name="reports",
        owners=OWNERS,
        kinds={"python", "html"},
        partitions_def=build_cutoffs(company),
        description=f"The report of target `{target.name}`: one self-contained page that a manager can read and sign.",
    )
    def report(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.reports import render_target_report

        inputs = gather_target_inputs(room, context.partition_key)
        path = write_page(room.report_folder(context.partition_key) / "report.html", render_target_report(inputs))
        facts = {"page": MetadataValue.path(path), "n_bytes": path.stat().st_size}
        return MaterializeResult(metadata={**facts, **floats(dict(inputs.metrics))})

    return report


def gather_target_inputs(room: TargetRoom, cutoff: str):
    """Read back what the stages of one target wrote as of a cutoff."""
    from clv_platform.datasets import find_leaks
    from clv_platform.evaluation import read_evaluation
    from clv_platform.raw import read_raw_load
    from clv_platform.reports import SplitFacts, build_call_list, build_target_inputs, find_pages, read_extras, read_findings
    from clv_platform.reports.bridge import count_accounts
    from clv_platform.scores.happened import still_open
    from clv_platform.warehouse import read_parquet

    config, folder = room.company.config, room.report_folder(cutoff)
    examples = room.read_examples()
    split = room.split(examples, cutoff)
    scores = room.read_list(cutoff)
    return build_target_inputs(
        config,
        room.target,
        parse_cutoff(cutoff),
        read_evaluation(folder),
        SplitFacts.from_time_split(split) if split else SplitFacts.from_folds(room.target),
        importance=read_parquet(folder / "importance.parquet"),
        call_list=None if scores is None else build_call_list(scores, config.call_list_size),
        n_scored=None if scores is None else len(scores),
        n_happened=0 if scores is None else len(scores) - len(still_open(scores)),
        n_on_file=count_accounts(room.company.paths.marts, parse_cutoff(cutoff)),
        raw_load=read_raw_load(room.company.paths),
        warnings=tuple(leak.message for leak in find_leaks(examples, split).warnings),
        extras=read_extras(folder) | read_findings(folder.parent),
        pages=find_pages(folder),
    )


def write_page(path: Path, html: str) -> Path:
    """Write a page of a cutoff that appears all at once, and list it on the cutoff's index."""
    from clv_platform.reports import write_index
    from clv_platform.warehouse import replacing

    with replacing(path) as unfinished:
        unfinished.write_text(html, encoding="utf-8")
    write_index(path.parents[1])
    return path


def build_data_report_asset(company: Company) -> AssetsDefinition:
    """Return `reports/data_report`."""

    @asset(
        key=["reports", "data_report"],
        deps=[["raw", "load_report"], ["marts", "fct_row_conservation"], ["marts", "fct_account_features"]],
        group_name="reports",
        owners=["team:data-engineering"],
        kinds={"python", "html"},
        partitions_def=build_cutoffs(company),
        pool=WAREHOUSE_POOL,
        description="What came in and what became of it: rows, rejects, exclusions, history, features. Read it before any model's report.",
    )
    def data_report(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.raw import read_raw_load
        from clv_platform.reports import collect_data_facts, render_data_report
        from clv_platform.warehouse import open_warehouse

        with open_warehouse(company.paths.warehouse, company.settings, read_only=True) as connection:
            facts = collect_data_facts(connection, company.config, read_raw_load(company.paths))
        inputs = replace(facts, warnings=(*facts.warnings, *company.skipped_targets.values()))
        path = write_page(company.paths.reports / context.partition_key / "data" / "report.html", render_data_report(inputs))
        return MaterializeResult(metadata={"page": MetadataValue.path(path), "n_bytes": path.stat().st_size})

    return data_report


def build_published_asset(company: Company) -> AssetsDefinition:
    """Return `reports/published`."""
    whole = [["reports", "data_report"], ["reports", "exploration_report"]]
    rooms = [TargetRoom(company, target) for target in company.trained_targets]
    histories = [room.key("reports", "history_report") for room in rooms if room.has_history]
    segments = [list(SEGMENT_KEYS[-1])] if company.has_segments else []
    reports = [*whole, *(room.key("reports", "report") for room in rooms), *histories, *segments]

    @asset(
        key=["reports", "published"],
        deps=[*reports, ["reporting", "rpt_target_scores"], ["reporting", "rpt_feature_catalogue"]],
        group_name="reports",
        owners=["team:analytics"],
        kinds={"parquet"},
        partitions_def=build_cutoffs(company),
        description="What everything outside a run reads, switched by one rename. An older cutoff publishes nothing.",
    )
    def published(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.reports import gather_published, publish_run

        cutoff = context.partition_key
        if not is_newest_cutoff(company, cutoff):
            return MaterializeResult(
                metadata={"published": False, "why": f"{cutoff} is not the newest cutoff: a backtest publishes nothing."}
            )
        scores = read_newest_scores(company, cutoff) | read_value_scores(company, cutoff)
        contents = gather_published(company.config, company.paths, cutoff, scores)
        facts = {"company": company.name, "cutoff": cutoff, "currency": company.config.currency}
        done = publish_run(company.paths, context.run_id, contents, keep_runs=company.config.keep_runs, facts=facts)
        sizes = {"n_files": done.n_files, "n_bytes": done.n_bytes, "n_removed_runs": len(done.removed)}
        return MaterializeResult(metadata={"published": True, "folder": MetadataValue.path(done.folder), **sizes})

    return published


def read_newest_scores(company: Company, cutoff: str) -> dict:
    """The newest chances of every yes-or-no target, as dbt ranked them; no entry for one that no run has asked about yet."""
    from clv_platform.warehouse import read_parquet

    scores = read_parquet(company.paths.root / "reporting" / "rpt_target_scores.parquet")
    found = {
        t.name: scores[scores["target"] == t.name].sort_values("score_rank").reset_index(drop=True)
        for t in company.trained_targets
        if t.kind != "value"
    }
    # A target whose model failed its gate is published empty; one that was never trained isn't there.
    return {name: own for name, own in found.items() if len(own) or (company.paths.reports / cutoff / name / "training.json").is_file()}
