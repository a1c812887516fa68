"""What the server of worker processes does last when it starts: definitions are made once, and every worker forked from it has them.

Imported by that server alone, by name (see `parallel`). Nothing is raised here: a worker meets the same error again, where it is told.
"""

import contextlib
import functools
import gc

from alembic.config import Config
from alembic.script import ScriptDirectory
from dagster._core.storage import sql

from assets.company import load_company
from assets.manifest import ensure_manifest
from assets.parallel import prepare_definitions


class _Remembered(ScriptDirectory):
    """Dagster compares revisions whenever it opens its history, and alembic reads a hundred files for that: here once for all workers."""

    @classmethod
    def from_config(cls, config: Config) -> ScriptDirectory:
        """Give what was read before; Dagster's configs differ in the place alone."""
        return _read_revisions(str(config.get_main_option("script_location")))


@functools.cache
def _read_revisions(place: str) -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", place)
    found = ScriptDirectory.from_config(config)
    found.as_revision_number("head")
    return found


with contextlib.suppress(Exception):
    _read_revisions(sql.ALEMBIC_SCRIPTS_LOCATION)
    sql.ScriptDirectory = _Remembered  # pyright: ignore[reportPrivateImportUsage]
with contextlib.suppress(Exception):
    company = load_company()
    ensure_manifest(company)  # the run's process makes it at the same time: whoever comes second waits for the other's
    prepare_definitions(str(company.config_path)).resolve_job_def("refresh_everything_job")
gc.freeze()  # what the server holds stays shared: a collection in a worker would copy its pages
