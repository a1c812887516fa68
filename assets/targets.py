"""One target of one company as of a cutoff: which files its stages read and write, and the rows each stage works on.

Here: the glue that all per-target assets share. Keep decisions out: they are the library's.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster import AssetKey, MetadataValue

from assets.company import Company
from assets.partitions import UNDATED, is_newest_cutoff, parse_cutoff
from clv_platform.config import Target

if TYPE_CHECKING:
    import pandas as pd

    from clv_platform.datasets import Examples, TimeSplit
    from clv_platform.models import ModelArtifact

OWNERS = ["team:data-science"]


@dataclass(frozen=True)
class TargetRoom:
    """Where one target's stages meet; nothing is kept in memory between them."""

    company: Company
    target: Target

    @property
    def models_root(self) -> Path:
        """`models/<target>`: artifacts and the champion pointer."""
        return self.company.paths.models / self.target.name

    @property
    def history(self) -> Path:
        """`scores/<target>/history`: a file per as-of date and model."""
        return self.company.paths.scores / self.target.name / "history"

    @property
    def examples_key(self) -> AssetKey:
        """The mart that holds the target's rows."""
        return AssetKey(["marts", f"fct_{self.target.kind}_examples"])

    @property
    def has_history(self) -> bool:
        """Whether departures have times: dated ones do, a flat label needs a column that tells how long accounts have been here."""
        return self.target.kind == "churn" and (self.target.label_column is None or self.target.duration_column is not None)

    def key(self, layer: str, noun: str) -> AssetKey:
        """`[layer, <target>_<noun>]`."""
        return AssetKey([layer, f"{self.target.name}_{noun}"])

    def report_folder(self, cutoff: str) -> Path:
        """`reports/<cutoff>/<target>`."""
        return self.company.paths.reports / cutoff / self.target.name

    def read_examples(self) -> "Examples":
        """All eligible rows of the target; a flat label column is checked first, because dbt turns unknown values into 0."""
        from clv_platform.datasets import build_examples, check_label_values
        from clv_platform.warehouse import read_parquet

        marts = self.company.paths.marts
        if self.target.label_column:
            found = read_parquet(marts / "int_label_values.parquet")
            own = found[found["target_name"] == self.target.name]
            check_label_values(zip(own["label_value"], own["n_rows"], strict=True), self.target)
        return build_examples(read_parquet(marts / f"{self.examples_key.path[-1]}.parquet"), self.company.config, self.target)

    def split(self, examples: "Examples", cutoff: str) -> "TimeSplit | None":
        """Train, test and scoring rows as of the cutoff; None for undated rows, which are judged on folds.

        Labels that reviewers corrected replace those of training rows where the config says so; `split.corrections` counts them.
        """
        from clv_platform.datasets import correct_training, split_by_time
        from clv_platform.warehouse import read_parquet

        config, as_of, path = self.company.config, parse_cutoff(cutoff), self.company.paths.marts / "fct_label_corrections.parquet"
        if as_of is None:
            return None
        split = split_by_time(examples, as_of, self.target.horizon_days, config.training.n_test_dates)
        proposed = read_parquet(path) if path.is_file() else None
        return correct_training(split, proposed, self.target.name, is_used=config.review.use_corrected_labels)

    def scoring_rows(self, examples: "Examples", cutoff: str) -> "Examples":
        """The rows of the newest snapshot; without dates all accounts that haven't had the event."""
        split = self.split(examples, cutoff)
        return split.scoring if split else examples.take(examples.y != 1)

    def read_training(self, cutoff: str) -> dict[str, Any]:
        """What the model step wrote about itself: model id and split."""
        path = self.report_folder(cutoff) / "training.json"
        if not path.is_file():
            raise FileNotFoundError(f"{path}: target {self.target.name!r} has no model as of {cutoff} yet. Run retrain_models_job first.")
        return json.loads(path.read_text(encoding="utf-8"))

    def trained_ids(self, cutoff: str) -> tuple[str, str]:
        """The models trained as of the cutoff: the boosted trees and the logistic regression, one of which the evaluation judges."""
        trained = self.read_training(cutoff)
        if "regression_id" not in trained:
            from clv_platform.models.store import ModelStoreError

            raise ModelStoreError(
                f"{self.report_folder(cutoff)}: the model of target {self.target.name!r} is of an older version, which trained no logistic "
                "regression beside it. Run retrain_models_job first."
            )
        return trained["model_id"], trained["regression_id"]

    def load_judged(self, cutoff: str) -> "ModelArtifact":
        """The model of the cutoff that its evaluation chose and judged, promoted or not."""
        from clv_platform.models import load_artifact

        gate = json.loads((self.report_folder(cutoff) / "gate.json").read_text(encoding="utf-8"))
        return load_artifact(self.models_root, gate["model_id"])

    def load_scorer(self, cutoff: str) -> "ModelArtifact | None":
        """The model that scores: the champion; for an older cutoff the champion of that day, because today's would know the future."""
        from clv_platform.models import load_artifact

        model_id = self.scorer_id(cutoff)
        return load_artifact(self.models_root, model_id) if model_id else None

    def scorer_id(self, cutoff: str) -> str | None:
        """Name of the model that scores; None when none has passed its gate."""
        from clv_platform.models import read_champion

        if is_newest_cutoff(self.company, cutoff):
            champion = read_champion(self.models_root)
            return champion.model_id if champion else None
        gate = json.loads((self.report_folder(cutoff) / "gate.json").read_text(encoding="utf-8"))
        return gate.get("in_use") or (gate["model_id"] if gate["is_promoted"] else None)

    def read_scores(self, cutoff: str) -> "pd.DataFrame | None":
        """The scores that the cutoff's scorer gave to its newest snapshot; None when nothing is scored."""
        from clv_platform.warehouse import read_parquet

        # A champion may have scored many months: of an older cutoff the one it stands for, else the newest.
        as_of = "*" if is_newest_cutoff(self.company, cutoff) else self.read_training(cutoff)["scoring_date"]
        files = sorted(self.history.glob(f"{as_of}__{self.scorer_id(cutoff)}.parquet"))
        return read_parquet(files[-1]) if files else None

    def read_list(self, cutoff: str) -> "pd.DataFrame | None":
        """The scores with what has happened to their accounts between the snapshot and the cutoff (`happened_on`)."""
        from clv_platform.scores.happened import mark_happened
        from clv_platform.warehouse import read_parquet

        scores, path = self.read_scores(cutoff), self.company.paths.marts / "fct_target_events.parquet"
        if scores is None or not path.is_file():
            return scores
        return mark_happened(scores, read_parquet(path), self.event_targets, parse_cutoff(cutoff))

    @property
    def event_targets(self) -> tuple[str, ...]:
        """Targets whose events take an account off this target's list."""
        return (self.target.name,)


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file that appears all at once."""
    from clv_platform.warehouse import replacing

    with replacing(path) as unfinished:
        unfinished.write_text(json.dumps(content, indent=1, default=str) + "\n", encoding="utf-8")


def floats(metrics: dict[str, Any]) -> dict[str, Any]:
    """Figures as metadata that the UI plots over partitions: numbers as float or int, the rest as text, nulls left out."""
    kept = {name: value for name, value in metrics.items() if value is not None and value == value}
    return {name: value if isinstance(value, bool | int | float) else str(value) for name, value in kept.items()}


def picture(png: bytes, title: str) -> Any:
    """A PNG that the UI shows inside an asset's metadata."""
    import base64

    return MetadataValue.md(f"![{title}](data:image/png;base64,{base64.b64encode(png).decode()})")


def markdown_table(rows: Sequence[Mapping[Any, Any]]) -> Any:
    """Rows as a table in the UI; figures with four digits."""
    if not rows:
        return MetadataValue.md("(no rows)")
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + " --- |" * len(rows[0])]
    for row in rows:
        lines.append("| " + " | ".join(f"{v:.4g}" if isinstance(v, float) else str(v) for v in row.values()) + " |")
    return MetadataValue.md("\n".join(lines))


def as_of_name(date_or_none: Any) -> str:
    """How a file is called after its as-of date."""
    return str(date_or_none) if date_or_none else UNDATED
