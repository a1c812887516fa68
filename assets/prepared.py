"""What the server of worker processes does when it starts: definitions are made once, and every worker forked from it has them.

Imported by that server alone, by name (see `parallel`). Nothing is raised here: a worker meets the same error again, where it is told.
"""

import contextlib
import gc

from assets.parallel import prepare_definitions
from clv_platform.settings import load_settings

with contextlib.suppress(Exception):
    prepare_definitions(str(load_settings().config_path)).get_repository_def()
gc.freeze()  # what the server holds stays shared: a collection in a worker would copy its pages
