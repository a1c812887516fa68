"""Segments of accounts: found once and kept, next months' accounts put into the same ones, and the page about them.

Here: three assets of the whole company, not of a target. Keep finding them out (`clv_platform.models.segments`), and the page
(`clv_platform.reports.segments_report`).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster import AssetExecutionContext, AssetKey, AssetsDefinition, MaterializeResult, MetadataValue, asset

from assets.company import SEGMENT_KEYS, Company
from assets.models import is_retraining
from assets.partitions import build_cutoffs, is_newest_cutoff, parse_cutoff
from assets.reports import write_page
from assets.targets import OWNERS, markdown_table, picture, write_json
from assets.value_room import read_value_scores

if TYPE_CHECKING:
    import pandas as pd

    from clv_platform.datasets.snapshots import Snapshots
    from clv_platform.models.segments import KeptSegments, SegmentRequest

SEGMENTS = "segments"
MODEL_KEY, SCORES_KEY, REPORT_KEY = (AssetKey(path) for path in SEGMENT_KEYS)
# Tables that the page shows when they are there; it comes after them.
REPORTED = ("rpt_target_scores",)


@dataclass(frozen=True)
class SegmentRoom:
    """Where the stages of the segments meet."""

    company: Company

    @property
    def models_root(self) -> Path:
        """`models/segments`: a folder per model and the pointer to the one in use."""
        return self.company.paths.models / SEGMENTS

    @property
    def history(self) -> Path:
        """`segments/history`: a file per as-of date."""
        return self.company.paths.root / SEGMENTS / "history"

    @property
    def marts(self) -> tuple[AssetKey, ...]:
        """The marts that hold accounts with their features."""
        kinds = dict.fromkeys(target.kind for target in self.company.config.targets)
        return tuple(AssetKey(["marts", f"fct_{kind}_examples"]) for kind in kinds) or (AssetKey(["marts", "fct_account_features"]),)

    @property
    def request(self) -> "SegmentRequest":
        """What the config asks for."""
        from clv_platform.models.segments import SegmentRequest

        asked = self.company.config.segments
        return SegmentRequest(
            self.company.segment_features,
            tuple(asked.n_segments),
            asked.n_resamples,
            self.company.config.training.seed,
            self.company.config.currency,
        )

    def report_folder(self, cutoff: str) -> Path:
        """`reports/<cutoff>/segments`."""
        return self.company.paths.reports / cutoff / SEGMENTS

    def read_snapshots(self, cutoff: str) -> "Snapshots":
        """The accounts of the newest snapshot and of the one before, with the features that segments are made of."""
        from clv_platform.datasets.snapshots import pick_snapshots
        from clv_platform.warehouse import read_parquet

        columns = ["account_id", "as_of_date", *(feature.name for feature in self.company.segment_features)]
        paths = [self.company.paths.marts / f"{key.path[-1]}.parquet" for key in self.marts]
        return pick_snapshots([read_parquet(path, columns) for path in paths], parse_cutoff(cutoff))

    def load(self, cutoff: str) -> "KeptSegments | None":
        """The segments that the model step chose for this cutoff."""
        from clv_platform.models.segments import load_segments

        model_id = self.read_training(cutoff)["model_id"]
        return load_segments(self.models_root, model_id) if model_id else None

    def keep_history(self, cutoff: str, as_of: str, assigned: "pd.DataFrame") -> None:
        """Write who is in which segment; an older cutoff only fills gaps, because people work with what the newest one said."""
        from clv_platform.scores.segments import write_segments

        path = self.history / f"{as_of}.parquet"
        if is_newest_cutoff(self.company, cutoff) or not path.is_file():
            write_segments(assigned, path)

    def read_training(self, cutoff: str) -> dict[str, Any]:
        """What the model step wrote about itself."""
        return json.loads((self.report_folder(cutoff) / "training.json").read_text(encoding="utf-8"))


def build_segment_assets(company: Company) -> list[AssetsDefinition]:
    """Return `models/segments_model`, `scores/segments` and `reports/segments_report`; none without features to compare by."""
    room = SegmentRoom(company)
    return [_build_model(room), _build_scores(room), _build_report(room)] if company.has_segments else []


def _build_model(room: SegmentRoom) -> AssetsDefinition:
    @asset(
        key=MODEL_KEY,
        deps=list(room.marts),
        group_name="models",
        owners=OWNERS,
        kinds={"python", "scikitlearn"},
        partitions_def=build_cutoffs(room.company),
        description="Segments of alike accounts: kept from month to month, found anew only in a retraining or when what is compared "
        "changes. `choice`: why so many (elbow, silhouette, stability).",
    )
    def segments_model(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.models.segments import refresh_segments

        cutoff, snapshots = context.partition_key, room.read_snapshots(context.partition_key)
        options = {"is_retraining": is_retraining(context), "is_newest": is_newest_cutoff(room.company, cutoff)}
        done = refresh_segments(room.models_root, snapshots.newest, room.request, cutoff=cutoff, as_of_date=snapshots.name, **options)
        model_id = done.kept.model_id if done.kept else None
        write_json(room.report_folder(cutoff) / "training.json", {"model_id": model_id, "words": done.words, "is_new": done.is_new})
        return MaterializeResult(metadata={"verdict": done.words, "n_accounts": len(snapshots.newest), **show_choice(done.kept)})

    return segments_model


def show_choice(kept: "KeptSegments | None") -> dict[str, Any]:
    """Elbow, silhouettes and names for the UI."""
    from clv_platform.reports.segment_figures import elbow, silhouettes

    if kept is None:
        return {}
    facts = {"model_id": kept.model_id, "n_segments": len(kept.model.names), "segments": "\n".join(kept.model.names)}
    tables = {
        "choice": markdown_table(kept.choice.to_dict("records")),
        "alternatives": markdown_table(kept.alternatives.to_dict("records")),
    }
    pictures = {
        "elbow": picture(elbow(kept.choice, picture_format="png"), "elbow"),
        "silhouette": picture(silhouettes(kept.choice, picture_format="png"), "silhouette"),
    }
    return {**facts, **tables, **pictures}


def _build_scores(room: SegmentRoom) -> AssetsDefinition:
    @asset(
        key=SCORES_KEY,
        deps=[MODEL_KEY, *room.marts],
        group_name="scores",
        owners=OWNERS,
        kinds={"python", "parquet"},
        partitions_def=build_cutoffs(room.company),
        description="The segment of every account of the newest snapshot, and of the one before by the same segments, so that moves show.",
    )
    def segments(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.scores.segments import assign_segments, empty_segments, write_segments

        cutoff, kept = context.partition_key, room.load(context.partition_key)
        snapshots = room.read_snapshots(cutoff)
        if kept is None:
            write_segments(empty_segments(), room.history / f"{snapshots.name}.parquet")
            return MaterializeResult(metadata={"dagster/row_count": 0})
        now = assign_segments(kept, snapshots.newest, cutoff=cutoff)
        room.keep_history(cutoff, snapshots.name, now)
        if snapshots.date_before:
            room.keep_history(cutoff, str(snapshots.date_before), assign_segments(kept, snapshots.before, cutoff=cutoff))
        counts = now["segment"].value_counts().rename_axis("segment").reset_index(name="n")
        return MaterializeResult(metadata={"dagster/row_count": len(now), "segments": markdown_table(counts.to_dict("records"))})

    return segments


def _build_report(room: SegmentRoom) -> AssetsDefinition:
    of_value = [target.name for target in room.company.trained_targets if target.kind == "value"]
    values = [
        AssetKey([layer, f"{name}_{layer if layer == 'scores' else 'evaluation'}"])
        for name in of_value
        for layer in ("evaluation", "scores")
    ]

    @asset(
        key=REPORT_KEY,
        deps=[SCORES_KEY, *values, *(AssetKey(["reporting", name]) for name in REPORTED)],
        group_name="reports",
        owners=OWNERS,
        kinds={"python", "html"},
        partitions_def=build_cutoffs(room.company),
        description="Segments, RFM segments, lifecycle stages, cohorts and where the value lies: one self-contained page.",
    )
    def segments_report(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.reports.segment_inputs import gather_segments
        from clv_platform.reports.segments_report import render_segments_report
        from clv_platform.warehouse import write_parquet

        cutoff, company = context.partition_key, room.company
        folder, snapshots = room.report_folder(cutoff), room.read_snapshots(cutoff)
        facts = {"verdict": room.read_training(cutoff)["words"], "scores": read_value_scores(company, cutoff)}
        inputs = gather_segments(company.config, company.paths, cutoff, room.load(cutoff), company.segment_features, snapshots, **facts)
        for name, table in inputs.tables().items():
            write_parquet(table, folder / f"{name}.parquet")
        write_json(folder / "metrics.json", inputs.metrics())
        path = write_page(folder / "report.html", render_segments_report(inputs))
        return MaterializeResult(metadata={"page": MetadataValue.path(path), "n_bytes": path.stat().st_size, **inputs.metrics()})

    return segments_report
