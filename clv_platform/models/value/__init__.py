"""What an account is worth: probability models of buying and spending, machine learning on top of them, and the choice among all.

Here: `summary` (what the probability models read), one file per family (`bg_nbd` with its modified form, `pareto_nbd`, `gamma_gamma`,
`shifted_beta_geometric`), `fitting` that they share, `prediction` by simulation; `frequency` and `foundation` (the families of each date),
`design` (rows to a matrix), `trees` and `linear`, `contenders`, `naive` (rules that everybody could make), `comparators` and their
`networks`, `backtests` (rolling origins), `choice`, `calibration`, `intervals` with `quantiles` and `contract_spread`, `training` and
`artifact`. Add a family as a file with its log-likelihood, gradient
and expectations, and known answers in the tests; a contender in `contenders`. Keep figures about the test (`evaluation`) out.
"""

from clv_platform.models.value.artifact import ValueArtifact, ValueForecast, ValueManifest
from clv_platform.models.value.bg_nbd import BgNbd, fit_bg_nbd
from clv_platform.models.value.comparators import RECURRENT
from clv_platform.models.value.fitting import FitError, FitReport
from clv_platform.models.value.gamma_gamma import GammaGamma, fit_gamma_gamma
from clv_platform.models.value.pareto_nbd import ParetoNbd, fit_pareto_nbd
from clv_platform.models.value.shifted_beta_geometric import ShiftedBetaGeometric, fit_shifted_beta_geometric
from clv_platform.models.value.summary import PurchaseSummary
from clv_platform.models.value.training import TrainedValueModel, train_value_model

__all__ = [
    "RECURRENT",
    "BgNbd",
    "FitError",
    "FitReport",
    "GammaGamma",
    "ParetoNbd",
    "PurchaseSummary",
    "ShiftedBetaGeometric",
    "TrainedValueModel",
    "ValueArtifact",
    "ValueForecast",
    "ValueManifest",
    "fit_bg_nbd",
    "fit_gamma_gamma",
    "fit_pareto_nbd",
    "fit_shifted_beta_geometric",
    "train_value_model",
]
