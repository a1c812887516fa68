"""Every decision about which model is used, with its reasons: `models/<target>/decisions.jsonl`, one JSON object a line, append-only.

Here: appending, reading, and what follows from the log: which model was in use on an earlier day, which ones were taken out of use. Keep
the decision itself out (`evaluation.decide_gate`), and the pointer (`store`).
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

LOG = "decisions.jsonl"


@dataclass(frozen=True)
class LoggedDecision:
    """One line of the log.

    Attributes
    ----------
    kind : {"gate", "rollback"}
        Judged by the gate, or changed by a person.
    cutoff : str
        `YYYY-MM-DD` or `undated`; of a rollback the cutoff of the model gone back to.
    model_id : str
        The model judged, or gone back to.
    verdict : str
        The gate's word, or `rolled_back_to`.
    is_promoted : bool
        Whether the model may be used from then on.
    is_applied : bool
        Whether it is what the company really used from then on; false for the decisions of a backtest.
    compared_with : str or None
        The model in use before.
    reasons : tuple of str
        Plain words.
    by : str
        The person; empty for the gate.
    at : str
        When it was written down, UTC.
    """

    kind: Literal["gate", "rollback"]
    cutoff: str
    model_id: str
    verdict: str
    is_promoted: bool
    is_applied: bool
    compared_with: str | None
    reasons: tuple[str, ...]
    by: str = ""
    at: str = ""

    @property
    def in_use(self) -> str | None:
        """The model in use after the decision."""
        return self.model_id if self.is_promoted else self.compared_with

    def says_the_same(self, other: LoggedDecision) -> bool:
        """Whether both are one decision, apart from when they were written down."""
        return {**asdict(self), "at": ""} == {**asdict(other), "at": ""}


def append_decision(root: Path, decision: LoggedDecision) -> bool:
    """Write a decision down, unless the last one about the same model and cutoff says the same.

    Parameters
    ----------
    root : Path
        `models/<target>`.

    Returns
    -------
    bool
        Whether a line was added. Safe beside other processes: the file is locked meanwhile.
    """
    root.mkdir(parents=True, exist_ok=True)
    stamped = decision if decision.at else LoggedDecision(**{**asdict(decision), "at": datetime.now(UTC).isoformat(timespec="seconds")})
    with (root / LOG).open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        last = _last_about(_parse(whole.decode("utf-8"), root / LOG), decision)
        if last is not None and last.says_the_same(decision) and decision.kind == "gate":
            return False
        if len(whole) < len(content):  # a line that was being written when the power failed: that decision is being made again
            file.truncate(len(whole))
        file.write((json.dumps(asdict(stamped), ensure_ascii=False) + "\n").encode("utf-8"))
        file.flush()
    return True


def read_decisions(root: Path) -> tuple[LoggedDecision, ...]:
    """Return all decisions, oldest first; none before the first.

    Raises
    ------
    ValueError
        When a line can't be read; names it.
    """
    path = root / LOG
    return tuple(_parse(path.read_text(encoding="utf-8"), path)) if path.is_file() else ()


def champion_before(decisions: Iterable[LoggedDecision], cutoff: str) -> str | None:
    """Return the model that was in use before a cutoff, as the gates of the earlier cutoffs had it; None when there was none.

    Rollbacks don't count: they were made with knowledge of later days.
    """
    earlier = [decision for decision in decisions if decision.kind == "gate" and decision.cutoff < cutoff]
    if not earlier:
        return None
    newest = max(decision.cutoff for decision in earlier)
    return [decision for decision in earlier if decision.cutoff == newest][-1].in_use


def withdrawal_of(decisions: Sequence[LoggedDecision], model_id: str) -> LoggedDecision | None:
    """Return the rollback that took a model out of use, None when it wasn't or when somebody took it back."""
    found = None
    for decision in decisions:
        if decision.kind == "rollback" and model_id in (decision.model_id, decision.compared_with):
            found = decision if decision.compared_with == model_id else None
    return found


def gate_decision_of(decisions: Sequence[LoggedDecision], cutoff: str, model_id: str, *, is_applied: bool) -> LoggedDecision | None:
    """Return the last decision of the gate about a model as of a cutoff."""
    found = [d for d in decisions if (d.kind, d.cutoff, d.model_id, d.is_applied) == ("gate", cutoff, model_id, is_applied)]
    return found[-1] if found else None


def _last_about(decisions: Iterable[LoggedDecision], decision: LoggedDecision) -> LoggedDecision | None:
    about = (decision.kind, decision.cutoff, decision.model_id, decision.is_applied)
    found = [d for d in decisions if (d.kind, d.cutoff, d.model_id, d.is_applied) == about]
    return found[-1] if found else None


def _parse(text: str, path: Path) -> list[LoggedDecision]:
    """Read all whole lines; one that doesn't end yet is left out."""
    found: list[LoggedDecision] = []
    for number, line in enumerate(text.split("\n")[:-1], 1):
        try:
            content: dict[str, Any] = json.loads(line)
            found.append(LoggedDecision(**{**content, "reasons": tuple(content["reasons"])}))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}, line {number}: not a readable decision ({error}). Remove that line; the others stay.") from error
    return found
