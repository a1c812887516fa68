"""Why a model says what it says: attributions for all, reasons in plain words for one account.

Here: `batches` (contributions, checked), `families` (features that tell one story), `attributions` (importance), `slice_importance`,
`dependence` (value against contribution, partners), `reasons` (for and against, per account), `wording`, `changes` and `chance` (phrases),
`worked_example`. All of it asks a model for `contributions`, `raw_score` and its calibrator only, so a new kind of model needs no change
here. Add a phrase to `wording` or `changes`. Keep pictures out (`reports`), and any claim of cause: these say what the score rests on.
"""

from clv_platform.explain.attributions import PRIVATE, Explanation, explain_examples
from clv_platform.explain.reasons import Reasons, tell_reasons
from clv_platform.explain.worked_example import work_example

__all__ = ["PRIVATE", "Explanation", "Reasons", "explain_examples", "tell_reasons", "work_example"]
