"""Where Dagster keeps the history of runs, materialisations, ticks and slots: a folder per company, `data/<name>/dagster`.

Asset keys don't name the company (`models/upgrade_model` exists in each), so one history for all would show one company the latest
materialisations of another. `dagster.yaml` names the class here; the company is the one that `CLV_CONFIG` names, as for the code location.
Keep opening an instance out (see `instance`).
"""

import functools
from typing import Any

from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Engine, create_engine

from assets.company import Company, load_company


@functools.lru_cache(maxsize=64)
def _keep_engine(url: str, options: tuple[tuple[str, Any], ...], arguments: tuple[tuple[str, Any], ...]) -> Engine:
    return create_engine(url, connect_args=dict(arguments), **dict(options))


def reuse_engine(url: str, *, connect_args: dict[str, Any] | None = None, **options: Any) -> Engine:
    """Give the engine of a database that was made before.

    Dagster makes one per statement, which then compiles each statement anew: half the cost of the thousand events of a run. Connections
    aren't kept (its engines have no pool), so that an engine may outlive its file, and a fork.
    """
    return _keep_engine(url, tuple(sorted(options.items())), tuple(sorted((connect_args or {}).items())))


for _module in (sqlite_event_log, sqlite_run_storage):
    vars(_module)["create_engine"] = reuse_engine


class CompanyHistory(DagsterSqliteStorage):
    """Dagster's SQLite storage in the folder of the company that `CLV_CONFIG` names.

    It takes no base directory: every process of `dagster dev` (webserver, daemon, run workers) finds the same one from its environment.
    """

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """No keys: the folder follows from the company."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> "CompanyHistory":
        """Open (and create) the history of the company; ConfigError when `CLV_CONFIG` can't be read."""
        return cls.from_local(history_folder(load_company()), inst_data=inst_data)


def history_folder(company: Company) -> str:
    """Folder of a company's history, absolute: a command may be started anywhere."""
    return str(company.paths.root.absolute() / "dagster")
