"""One value target of one company as of a cutoff: its files, its rows, its models; what the value assets share.

Here: glue, as in `targets`. A value target reads two marts, is split in its own way, keeps its scores apart, and may end in a verdict
instead of a model. Keep decisions out: they are the library's.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster import AssetKey, MaterializeResult

from assets.company import Company
from assets.partitions import parse_cutoff
from assets.targets import TargetRoom, write_json
from clv_platform.config import Target

if TYPE_CHECKING:
    import pandas as pd

    from clv_platform.datasets import PurchaseMonths, ValueExamples, ValueSplit
    from clv_platform.models.value import ValueArtifact

NOT_ENOUGH = "not_enough_history"


@dataclass(frozen=True)
class ValueRoom(TargetRoom):
    """Where the stages of one value target meet."""

    @property
    def history(self) -> Path:
        """`scores_value/<target>/history`: apart from chances, whose columns are others."""
        return self.company.paths.root / "scores_value" / self.target.name / "history"

    @property
    def event_targets(self) -> tuple[str, ...]:
        """Whoever has left is on no list of the most valuable: the targets that ask who leaves."""
        return tuple(target.name for target in self.company.config.targets if target.kind == "churn")

    @property
    def marts(self) -> tuple[AssetKey, AssetKey]:
        """The rows with their features and outcomes, and what each account had bought by then."""
        return self.examples_key, AssetKey(["marts", "fct_purchase_summaries"])

    @property
    def days_key(self) -> AssetKey:
        """The account-day fact."""
        return AssetKey(["marts", "fct_account_days"])

    def read_value_examples(self) -> "ValueExamples":
        """All eligible rows of the target with what had been bought by then and what came after."""
        from clv_platform.datasets import build_value_examples
        from clv_platform.warehouse import read_parquet

        examples, summaries = (read_parquet(self.company.paths.marts / f"{key.path[-1]}.parquet") for key in self.marts)
        return build_value_examples(examples, summaries, self.company.config, self.target)

    def read_purchase_months(self) -> "PurchaseMonths":
        """What accounts bought day by day."""
        from clv_platform.datasets import PurchaseMonths
        from clv_platform.warehouse import read_parquet

        return PurchaseMonths.of(read_parquet(self.company.paths.marts / f"{self.days_key.path[-1]}.parquet"))

    def read_worth_of_days(self) -> "pd.DataFrame":
        """What each account brought on each day, as the target means it: account_id, ordered_on, worth."""
        from clv_platform.warehouse import read_parquet

        days = read_parquet(self.company.paths.marts / f"{self.days_key.path[-1]}.parquet")
        worth = days["amount"].astype(float)
        if self.target.value_means == "margin":
            worth = days["margin"].astype(float).fillna(self.target.margin_share * worth)
        return days[["account_id", "ordered_on"]].assign(worth=worth)

    def read_value_split(self, cutoff: str) -> "ValueSplit":
        """Rows to learn from, to compare models on, to test and to score.

        Raises
        ------
        NotEnoughHistory
            When no outcome is known, or nothing lies before the first that is.
        """
        from clv_platform.datasets import split_value_by_time

        return split_value_by_time(self.read_value_examples(), as_date(cutoff))

    def has_model(self, cutoff: str) -> bool:
        """Whether there was enough history to train as of the cutoff."""
        return bool(self.read_training(cutoff)["model_id"])

    def load_value_model(self, model_id: str) -> "ValueArtifact":
        """Read a model of this target; TypeError when it is none of amounts."""
        from clv_platform.models import load_artifact
        from clv_platform.models.value import ValueArtifact

        artifact = load_artifact(self.models_root, model_id)
        if not isinstance(artifact, ValueArtifact):
            raise TypeError(f"model {model_id}: expected a model of amounts, found {type(artifact).__name__}. Train again.")
        return artifact

    def give_up(self, cutoff: str, why: str) -> MaterializeResult:
        """Write down why there is no model: a fact about the data that later stages and the report tell, no failure."""
        folder = self.report_folder(cutoff)
        write_json(folder / "training.json", {"model_id": None, "verdict": NOT_ENOUGH, "reasons": [why]})
        write_json(folder / "metrics.json", {"verdict": NOT_ENOUGH, "model_id": None, "schema_version": 1})
        return self.without_model(why)

    def without_model(self, why: str = "") -> MaterializeResult:
        """What a stage without a model hands on."""
        return MaterializeResult(metadata={"verdict": NOT_ENOUGH, "why": why or "See the model of this target.", "dagster/row_count": 0})


def room_of(company: Company, target: Target) -> TargetRoom:
    """The room of a target by its kind."""
    return ValueRoom(company, target) if target.kind == "value" else TargetRoom(company, target)


def read_value_scores(company: Company, cutoff: str) -> "dict[str, pd.DataFrame]":
    """The newest expected amounts of every value target that has a model in use, with who has left since (`happened_on`)."""
    found: dict[str, pd.DataFrame] = {}
    for target in company.trained_targets:
        room = ValueRoom(company, target)
        if target.kind == "value" and (room.report_folder(cutoff) / "training.json").is_file() and room.has_model(cutoff):
            scores = room.read_list(cutoff)
            if scores is not None:
                found[target.name] = scores
    return found


def as_date(cutoff: str) -> date:
    """A cutoff as a date."""
    parsed = parse_cutoff(cutoff)
    assert parsed is not None, "the config refuses value targets without dates"
    return parsed


def as_texts(values: dict[str, Any]) -> dict[str, Any]:
    """Dates and tuples as text, for JSON."""
    return {name: [str(v) for v in value] if isinstance(value, list | tuple) else str(value) for name, value in values.items()}
