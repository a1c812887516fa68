"""Pictures, HTML reports and published files: what people and other systems see of a run.

Here: `render_target_report` and `render_data_report` (pure functions of their inputs), `figures`, `publish_run`, `clean`, the glossary of
metrics. Add a section to `sections`, its table to the report folder.
Keep computation of metrics out: that is `metrics` and `evaluation`.
"""

from clv_platform.reports.bridge import count_accounts
from clv_platform.reports.clean import CleanReport, Removed, clean
from clv_platform.reports.data_facts import collect_data_facts
from clv_platform.reports.data_report import draw_data_pictures, render_data_report
from clv_platform.reports.exploration_report import draw_exploration_pictures, exploration_files, read_findings, render_exploration_report
from clv_platform.reports.index_page import write_index
from clv_platform.reports.inputs import DataReportInputs, SplitFacts, TargetReportInputs, build_target_inputs, find_pages, read_extras
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
    "build_target_inputs",
    "clean",
    "collect_data_facts",
    "count_accounts",
    "current_run",
    "draw_data_pictures",
    "draw_exploration_pictures",
    "draw_target_pictures",
    "exploration_files",
    "find_pages",
    "gather_published",
    "publish_run",
    "read_extras",
    "read_findings",
    "render_data_report",
    "render_exploration_report",
    "render_target_report",
    "write_index",
]
