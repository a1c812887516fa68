"""Why a model says what it says: attributions for all, reasons in plain words for one account.

Here: `attributions` (exact Shapley values of the trees, importance), `reasons` (three different reasons per account), `wording` (values in
words). Add a phrase to `wording`. Keep pictures out (`reports`), and any claim of cause: these say what the score rests on.
"""

from clv_platform.explain.attributions import PRIVATE, Explanation, explain_examples
from clv_platform.explain.reasons import top_reasons

__all__ = ["PRIVATE", "Explanation", "explain_examples", "top_reasons"]
