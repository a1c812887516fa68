"""Pure functions on arrays: how good scores are, and how sure that is.

Here: `binary` (figures), `tables` (lift, reliability, curves), `intervals` (Wilson, account-clustered bootstrap), `value` (amounts),
`ranking` (the sorted rows they share). Add a metric with a known-answer test. Keep frames, files and models out.
"""

from clv_platform.metrics.binary import (
    BINARY_METRICS,
    SampleMetric,
    base_rate,
    best_f1_threshold,
    brier,
    calibration_error,
    calibration_metric,
    capture_at,
    capture_metric,
    f1_at,
    f1_metric,
    lift_at,
    lift_metric,
    log_loss,
    pr_auc,
    roc_auc,
)
from clv_platform.metrics.intervals import (
    Interval,
    bootstrap_intervals,
    cluster_weights,
    draw_metrics,
    interval_from_draws,
    metric_bounds,
    wilson_interval,
)
from clv_platform.metrics.ranking import Sample, ScoredRows
from clv_platform.metrics.tables import Table, gains_curve, lift_table, pr_curve, reliability_table
from clv_platform.metrics.value import ngini

__all__ = [
    "BINARY_METRICS",
    "Interval",
    "Sample",
    "SampleMetric",
    "ScoredRows",
    "Table",
    "base_rate",
    "best_f1_threshold",
    "bootstrap_intervals",
    "brier",
    "calibration_error",
    "calibration_metric",
    "capture_at",
    "capture_metric",
    "cluster_weights",
    "draw_metrics",
    "f1_at",
    "f1_metric",
    "gains_curve",
    "interval_from_draws",
    "lift_at",
    "lift_metric",
    "lift_table",
    "log_loss",
    "metric_bounds",
    "ngini",
    "pr_auc",
    "pr_curve",
    "reliability_table",
    "roc_auc",
    "wilson_interval",
]
