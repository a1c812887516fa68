"""Evaluation of a model: figures with intervals, baselines beside it, slices, the gate, the report folder's files.

Here: `binary` (yes/no targets), `tables`, `slices`, `weak_slices`, `gate`, `store`, `result` (the dataclasses). Keep training and
pictures out.
"""

from clv_platform.evaluation.binary import cross_fitted_thresholds, evaluate_binary, evaluate_out_of_fold
from clv_platform.evaluation.candidates import Candidate, Cast, Choice, Field, choose_candidate
from clv_platform.evaluation.gate import decide_gate
from clv_platform.evaluation.gate_calibration import CalibrationTest, evaluate_chances, measure_calibration
from clv_platform.evaluation.gate_champion import Opponent
from clv_platform.evaluation.leaderboard import Contenders
from clv_platform.evaluation.result import SCHEMA_VERSION, BinaryEvaluation, GateDecision
from clv_platform.evaluation.slices import evaluate_slices
from clv_platform.evaluation.store import StoredEvaluation, read_evaluation, write_evaluation
from clv_platform.evaluation.weak_slices import WeakSlices, find_weak_slices, find_weak_value_slices, new_weak_slices, search_predictions

__all__ = [
    "SCHEMA_VERSION",
    "BinaryEvaluation",
    "CalibrationTest",
    "Candidate",
    "Cast",
    "Choice",
    "Contenders",
    "Field",
    "GateDecision",
    "Opponent",
    "StoredEvaluation",
    "WeakSlices",
    "choose_candidate",
    "cross_fitted_thresholds",
    "decide_gate",
    "evaluate_binary",
    "evaluate_chances",
    "evaluate_out_of_fold",
    "evaluate_slices",
    "find_weak_slices",
    "find_weak_value_slices",
    "measure_calibration",
    "new_weak_slices",
    "read_evaluation",
    "search_predictions",
    "write_evaluation",
]
