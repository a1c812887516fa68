"""Example tables to X, y and keys; splits by date and by account; checks of labels; leakage guards.

Here: `examples`, `labels`, `splits`, `leaks`; for value targets `value_examples`, `value_splits` and `value_leaks`. Keep anything that is
learnt from rows out: encoders and fillers belong to `models`.
"""

from clv_platform.datasets.corrections import LabelCorrections, correct_training
from clv_platform.datasets.examples import Examples, build_examples
from clv_platform.datasets.labels import LabelError, check_label_column, check_label_values, check_trainable, label_name
from clv_platform.datasets.leaks import Leak, LeakReport, find_leaks
from clv_platform.datasets.purchase_months import PurchaseMonths
from clv_platform.datasets.splits import NotEnoughHistory, TimeSplit, account_disjoint, as_date, hold_out_accounts, split_by_time
from clv_platform.datasets.value_examples import SUMMARY_COLUMNS, ValueExamples, ValueRows, build_value_examples, stack_rows, value_windows
from clv_platform.datasets.value_leaks import find_value_leaks
from clv_platform.datasets.value_splits import ValueBacktest, ValuePair, ValueSplit, split_value_by_time

__all__ = [
    "SUMMARY_COLUMNS",
    "Examples",
    "LabelCorrections",
    "LabelError",
    "Leak",
    "LeakReport",
    "NotEnoughHistory",
    "PurchaseMonths",
    "TimeSplit",
    "ValueBacktest",
    "ValueExamples",
    "ValuePair",
    "ValueRows",
    "ValueSplit",
    "account_disjoint",
    "as_date",
    "build_examples",
    "build_value_examples",
    "check_label_column",
    "check_label_values",
    "check_trainable",
    "correct_training",
    "find_leaks",
    "find_value_leaks",
    "hold_out_accounts",
    "label_name",
    "split_by_time",
    "split_value_by_time",
    "stack_rows",
    "value_windows",
]
