"""Where a model can't be trusted, for the evaluation asset: the search over the rows that the evaluation scored, and what the UI shows.

Here: files and names. Keep the search itself out (`clv_platform.evaluation.find_weak_slices`).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assets.targets import TargetRoom, markdown_table

if TYPE_CHECKING:
    from clv_platform.datasets import Examples
    from clv_platform.evaluation import BinaryEvaluation, WeakSlices

SHOWN = ("sentence", "direction", "n", "expected", "observed", "observed_lo", "observed_hi", "gain", "p_adjusted")


@dataclass(frozen=True)
class GroupSearch:
    """What the search found for a model, and which of its wrong groups the model in use gets right, a sentence each."""

    found: "WeakSlices"
    new_groups: tuple[str, ...]

    def metadata(self) -> dict[str, Any]:
        """Figures that the UI plots, and the wrong groups as a table."""
        return {
            "n_slices_tested": self.found.n_slices,
            "n_weak_slices": len(self.found.confirmed),
            "weak_slices": weak_table(self.found.confirmed),
        }


def weak_table(rows) -> Any:
    """Groups as a table of the UI."""
    return markdown_table(rows[list(SHOWN)].to_dict("records"))


def search_groups(room: TargetRoom, cutoff: str, examples: "Examples", evaluation: "BinaryEvaluation") -> GroupSearch:
    """Search the evaluated rows for the candidate and, where it scored them too, for the model in use."""
    from clv_platform.evaluation.weak_slices import new_weak_slices, search_predictions
    from clv_platform.models.auditor import audit_scores
    from clv_platform.reports.words import event_words

    config = room.company.config
    rows, test = evaluation.predictions, _test_rows(room, cutoff, examples, evaluation)
    names = [name for name in config.slices if name in rows.columns and name not in config.private]
    found, champion = search_predictions(
        rows,
        names,
        config.slice_search,
        seed=config.training.seed,
        feature_scores=audit_scores(test.X, test.features, test.y, rows["score"].to_numpy(), test.account_id, seed=config.training.seed),
        event=event_words(room.target.kind).many,
        labels={feature.name: feature.label for feature in test.features},
    )
    new = new_weak_slices(found, champion) if champion is not None else found.confirmed.head(0)
    return GroupSearch(found, tuple(new["sentence"]))


def _test_rows(room: TargetRoom, cutoff: str, examples: "Examples", evaluation: "BinaryEvaluation") -> "Examples":
    """The evaluated rows with all their features, in the order of the predictions."""
    import numpy as np

    split = room.split(examples, cutoff)
    test = split.test if split else examples.take(~np.isnan(examples.y))
    if not np.array_equal(evaluation.predictions["account_id"].to_numpy(dtype=str), test.account_id.astype(str)):
        raise RuntimeError(f"target {room.target.name!r}: the evaluated rows aren't the test rows of cutoff {cutoff}. Evaluate again.")
    return test
