"""From a company's files and databases to validated raw tables, with every row accounted for; and the simulator of the demo company.

Here: `load_raw` (the load), `check_sources` (what a load would do), `draft_config` (a first config for a folder of files).
Add a file format to `reading`, a rule about rows to `validation`, a spelling of values to `casting`.
Keep out: cleaning and features (dbt does these), models.
"""

from clv_platform.raw.checking import SourceCheck, check_sources
from clv_platform.raw.drafting import draft_config
from clv_platform.raw.errors import RawDataError
from clv_platform.raw.loading import load_raw
from clv_platform.raw.review_feedback import load_review_feedback
from clv_platform.raw.summary import RawLoad, TableLoad, read_raw_load

__all__ = [
    "RawDataError",
    "RawLoad",
    "SourceCheck",
    "TableLoad",
    "check_sources",
    "draft_config",
    "load_raw",
    "load_review_feedback",
    "read_raw_load",
]
