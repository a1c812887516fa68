"""Which model a new one has to beat, and what follows from the gate's answer: the pointer and the log of decisions.

Here: files of the target's models and their champion, for the evaluation asset. Keep the decision itself out
(`clv_platform.evaluation.decide_gate`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from assets.partitions import UNDATED, end_of_data, is_newest_cutoff, parse_cutoff
from assets.targets import TargetRoom

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from clv_platform.evaluation import BinaryEvaluation, Choice, GateDecision, Opponent
    from clv_platform.evaluation.value import ValueEvaluation
    from clv_platform.models import ModelArtifact

_OUT_OF_FOLD = "out_of_fold.parquet"


@dataclass(frozen=True)
class Rival:
    """The model that is in use when another one is judged."""

    artifact: "ModelArtifact"
    out_of_fold: "pd.DataFrame | None"

    @property
    def model_id(self) -> str:
        """Names it."""
        return self.artifact.manifest.model_id

    def score(self, X: "pd.DataFrame") -> "np.ndarray | None":
        """Its chances of rows that it wasn't trained on; None when it needs other features."""
        from clv_platform.models import FeatureMismatch

        try:
            return self.artifact.score(X)
        except FeatureMismatch:
            return None

    def score_out_of_fold(self, account_id: "np.ndarray", y: "np.ndarray") -> "np.ndarray | None":
        """What it said about these accounts when it hadn't seen them; None unless it knew every one of them with the same outcome."""
        import numpy as np

        if self.out_of_fold is None or self.out_of_fold["account_id"].duplicated().any():
            return None
        known = self.out_of_fold.set_index("account_id").reindex(np.asarray(account_id).astype(str))
        return known["score"].to_numpy() if (known["y_true"].to_numpy(float) == np.asarray(y, dtype=float)).all() else None

    def as_opponent(self, evaluation: "BinaryEvaluation", cutoff: str) -> "Opponent":
        """What the gate must know about it."""
        from clv_platform.evaluation import Opponent

        is_comparable = "champion_score" in evaluation.predictions.columns
        if cutoff == UNDATED:
            why = "it has no out-of-fold chances of exactly these accounts, and chances of accounts that it learnt from would flatter it"
            basis = "on the same accounts (each account judged by a model of the same making that hadn't seen it)"
            return Opponent(self.model_id, "" if is_comparable else why, basis)
        why = "it needs other features than these data have"
        return Opponent(self.model_id, "" if is_comparable else why, age_months=months_between(self.artifact.manifest.cutoff, cutoff))


def find_rival(room: TargetRoom, cutoff: str, *model_ids: str) -> Rival | None:
    """Find the model in use before these were: the champion, or for an older cutoff the one that the gates had passed by then.

    Judging a model that is in use already compares it with the one that it replaced, so that the same run again decides the same.
    """
    from clv_platform.models import champion_before, gate_decision_of, load_artifact, read_champion, read_decisions
    from clv_platform.warehouse import read_parquet

    decisions = read_decisions(room.models_root)
    if is_newest_cutoff(room.company, cutoff):
        champion = read_champion(room.models_root)
        found = champion.model_id if champion else None
        if champion and champion.model_id in model_ids:
            judged = gate_decision_of(decisions, cutoff, champion.model_id, is_applied=True)
            found = judged.compared_with if judged else next((entry["model_id"] for entry in champion.previous), None)
    else:
        found = champion_before(decisions, cutoff)
    if found is None or not (room.models_root / found).is_dir():
        return None
    path = room.models_root / found / _OUT_OF_FOLD
    return Rival(load_artifact(room.models_root, found), read_parquet(path) if path.is_file() else None)


def judge(room: TargetRoom, cutoff: str, choice: "Choice", rival: Rival | None, new_weak_groups: Sequence[str] = ()) -> "GateDecision":
    """Ask the gate about the model that was chosen."""
    from clv_platform.evaluation import decide_gate
    from clv_platform.models import read_decisions, withdrawal_of

    evaluation = choice.evaluation
    opponent = rival.as_opponent(evaluation, cutoff) if rival else None
    facts = {"new_weak_groups": new_weak_groups, "simpler_refused": choice.simpler_refused, "is_sampled": room.target.base_rate_is_sampled,
             "nothing_happened": nothing_happened(room, cutoff, evaluation)}  # fmt: skip
    if not is_newest_cutoff(room.company, cutoff):
        return decide_gate(evaluation, opponent, **facts)
    taken_out = withdrawal_of(read_decisions(room.models_root), str(evaluation.metrics["model_id"]))
    withdrawn = f"This very model was taken out of use. {taken_out.reasons[0]}" if taken_out else ""
    return decide_gate(evaluation, opponent, **facts, withdrawn=withdrawn)


def nothing_happened(room: TargetRoom, cutoff: str, evaluation: "BinaryEvaluation") -> str:
    """Why test rows without a single positive can't be judged, and where to look: mostly the data end earlier than one wrong date says."""
    from clv_platform.contracts.review_feedback import OUTCOMES

    did, n = OUTCOMES[room.target.kind][1], evaluation.metrics["n_accounts"]
    if cutoff == UNDATED:
        return f"None of the {n:,} accounts of the test {did}, so nothing can be judged. Check the target's label."
    first, end = evaluation.predictions["as_of_date"].min(), end_of_data(room.company)
    if room.company.config.observed_until:
        where = f"which the config sets to {end}: do the data reach so far?"
    else:
        where = f"which the config doesn't set: the newest row {f'is of {end - timedelta(days=1)}' if end else 'decides'}."
    told = f"None of the {n:,} accounts of the test {did} between {first:%Y-%m-%d} and {cutoff}, so nothing can be judged."
    return f"{told} Check `observed_until`, {where}"


def apply_decision(room: TargetRoom, cutoff: str, evaluation: "BinaryEvaluation | ValueEvaluation", gate: "GateDecision") -> None:
    """Move the pointer if the gate passed and the cutoff is the newest, and write the decision down, whatever it is."""
    from clv_platform.models import LoggedDecision, append_decision, promote
    from clv_platform.warehouse import write_parquet

    is_newest = is_newest_cutoff(room.company, cutoff)
    if cutoff == UNDATED:
        seen = evaluation.predictions[["account_id", "y_true", "score"]]
        write_parquet(seen, room.models_root / gate.model_id / _OUT_OF_FOLD)
    if gate.is_promoted and is_newest:
        promote(room.models_root, gate.model_id, gate)
    logged = LoggedDecision("gate", cutoff, gate.model_id, gate.verdict, gate.is_promoted, is_newest, gate.compared_with, gate.reasons)
    append_decision(room.models_root, logged)


def months_between(first: str, last: str) -> int:
    """Whole months from one cutoff to another; 0 without dates."""
    start, end = parse_cutoff(first), parse_cutoff(last)
    return 0 if start is None or end is None else (end.year - start.year) * 12 + end.month - start.month
