"""Pictures, HTML reports and published files: what people and other systems see of a run.

Here: `render_target_report` and `render_data_report` (pure functions of their inputs), `figures`, `publish_run`, `clean`, the metric glossary.
Keep computation of metrics out (`metrics`, `evaluation`) and reading of the warehouse by anything but the given connection.
"""

from clv_platform.reports.clean import CleanReport, Removed, clean
from clv_platform.reports.inputs import DataReportInputs, SplitFacts, TargetReportInputs
from clv_platform.reports.metric_glossary import METRICS, Metric, build_metric_glossary
from clv_platform.reports.publish import Contents, PublishedRun, build_call_list, gather_published, publish_run
from clv_platform.reports.published_runs import current_run
from clv_platform.reports.target_report import draw_target_pictures, render_target_report

__all__ = [
    "METRICS",
    "CleanReport",
    "Contents",
    "DataReportInputs",
    "Metric",
    "PublishedRun",
    "Removed",
    "SplitFacts",
    "TargetReportInputs",
    "build_call_list",
    "build_metric_glossary",
    "clean",
    "current_run",
    "draw_target_pictures",
    "gather_published",
    "publish_run",
    "render_target_report",
]
