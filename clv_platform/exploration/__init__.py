"""What the data say before any model: metrics by group, the history of departures, statements with evidence.

Here: tables computed from marts, and findings with their intervals and false-discovery control. Add an analysis as a function from frames
to a frozen dataclass of frames. Keep models out (see `models`) and pictures and sentences of pages too (see `reports`).
"""

from clv_platform.exploration.columns import choose_dimensions, choose_metrics, level_order, plain
from clv_platform.exploration.explore import Exploration, explore
from clv_platform.exploration.findings import Findings, find_findings
from clv_platform.exploration.frames import ExplorationFrames, TargetRows, read_exploration
from clv_platform.exploration.shuffling import shuffle_frames
from clv_platform.exploration.tables import ALL, ExplorationTables, build_tables

__all__ = [
    "ALL",
    "Exploration",
    "ExplorationFrames",
    "ExplorationTables",
    "Findings",
    "TargetRows",
    "build_tables",
    "choose_dimensions",
    "choose_metrics",
    "explore",
    "find_findings",
    "level_order",
    "plain",
    "read_exploration",
    "shuffle_frames",
]
