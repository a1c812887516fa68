"""Models: preprocessing as data, sampling arms, boosting, calibration, baselines, the artifact and its store.

Here: everything from example rows to a stored, calibrated model. Add a model kind beside `boosting` and give it a `kind` in `artifact`;
keep figures about how good a model is out (`evaluation`), and words about why it says so (`explain`). Importing this package is cheap:
the heavy libraries load inside the functions that use them.
"""

from clv_platform.models.account_disjoint import score_unseen_accounts
from clv_platform.models.artifact import FeatureMismatch, Manifest, ModelArtifact
from clv_platform.models.auditor import audit_scores
from clv_platform.models.baselines import baseline_scores
from clv_platform.models.calibration import Calibrator, fit_calibrator
from clv_platform.models.comparators import ContenderScores, score_contenders
from clv_platform.models.cross_validation import CrossValidation, FoldSeedResult, cross_validate_binary
from clv_platform.models.decision_log import (
    LoggedDecision,
    append_decision,
    champion_before,
    gate_decision_of,
    read_decisions,
    withdrawal_of,
)
from clv_platform.models.preprocessing import Preprocessing, fit_preprocessing
from clv_platform.models.store import (
    TUNING_FOLDER,
    Champion,
    load_artifact,
    load_champion,
    promote,
    read_champion,
    rollback,
    save_artifact,
)
from clv_platform.models.training import NoUsableFeatures, TrainedModel, train_binary_model
from clv_platform.models.tuning import Budget

__all__ = [
    "TUNING_FOLDER",
    "Budget",
    "Calibrator",
    "Champion",
    "ContenderScores",
    "CrossValidation",
    "FeatureMismatch",
    "FoldSeedResult",
    "LoggedDecision",
    "Manifest",
    "ModelArtifact",
    "NoUsableFeatures",
    "Preprocessing",
    "TrainedModel",
    "append_decision",
    "audit_scores",
    "baseline_scores",
    "champion_before",
    "cross_validate_binary",
    "fit_calibrator",
    "fit_preprocessing",
    "gate_decision_of",
    "load_artifact",
    "load_champion",
    "promote",
    "read_champion",
    "read_decisions",
    "rollback",
    "save_artifact",
    "score_contenders",
    "score_unseen_accounts",
    "train_binary_model",
    "withdrawal_of",
]
