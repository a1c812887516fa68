"""What an account is worth: probability models of buying and spending, fitted by maximum likelihood.

Here: `summary` (what the models read), one file per family (`bg_nbd` with its modified form, `pareto_nbd`, `gamma_gamma`,
`shifted_beta_geometric`), `fitting` that they share, `prediction` by simulation. Add a family as a file with its log-likelihood, gradient
and expectations, and known answers in the tests. Keep features and machine learning out.
"""

from clv_platform.models.value.bg_nbd import BgNbd, fit_bg_nbd
from clv_platform.models.value.fitting import FitError, FitReport
from clv_platform.models.value.gamma_gamma import GammaGamma, fit_gamma_gamma
from clv_platform.models.value.pareto_nbd import ParetoNbd, fit_pareto_nbd
from clv_platform.models.value.shifted_beta_geometric import ShiftedBetaGeometric, fit_shifted_beta_geometric
from clv_platform.models.value.summary import PurchaseSummary

__all__ = [
    "BgNbd",
    "FitError",
    "FitReport",
    "GammaGamma",
    "ParetoNbd",
    "PurchaseSummary",
    "ShiftedBetaGeometric",
    "fit_bg_nbd",
    "fit_gamma_gamma",
    "fit_pareto_nbd",
    "fit_shifted_beta_geometric",
]
