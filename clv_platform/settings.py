"""The only reader of environment variables.

Here: one frozen object with everything a run takes from its surroundings. Add a variable here, in `.env.example` and in the README's table;
keep business choices out (they belong to the company config).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
_MEMORY = re.compile(r"\d+(\.\d+)?\s*([KMGT](i?B)?|%)", re.IGNORECASE)


class SettingsError(ValueError):
    """A `CLV_*` variable can't be used; the message names it, what was found and what to set."""


@dataclass(frozen=True)
class Settings:
    """What a run takes from its surroundings.

    Attributes
    ----------
    config_path : Path
        The company config (`CLV_CONFIG`, default `config/demo.yaml`).
    data_dir : Path
        Where state lives, one folder per company (`CLV_DATA_DIR`, default `data/`).
    sample_data : Path
        The real example data sets (`CLV_SAMPLE_DATA`, default `../shared/data`).
    threads : int
        Threads of DuckDB and of model training, and steps at once (`CLV_THREADS`, default: the machine's cores).
    memory_limit : str
        DuckDB's memory limit (`CLV_MEMORY_LIMIT`, default `4GB`).
    failure_webhook : str or None
        Where a failed run is reported as JSON (`CLV_FAILURE_WEBHOOK`); none: only the log.
    review_dir : Path or None
        Where published frames and feedback lie (`CLV_REVIEW_DIR`); none: `data/<config name>/review`.
    review_database : str or None
        PostgreSQL address for feedback (`CLV_REVIEW_DATABASE`); none: SQLite in that folder. Holds a password: never shown.
    review_url : str
        Where reviewers reach the app (`CLV_REVIEW_URL`); links begin with it.
    """

    config_path: Path
    data_dir: Path
    sample_data: Path
    threads: int
    memory_limit: str
    failure_webhook: str | None
    review_dir: Path | None = None
    review_database: str | None = field(default=None, repr=False)
    review_url: str = "http://127.0.0.1:8050"


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the `CLV_*` variables.

    Parameters
    ----------
    environ : mapping, optional
        Instead of `os.environ`, for tests.

    Raises
    ------
    SettingsError
        When `CLV_THREADS` is not a positive whole number or `CLV_MEMORY_LIMIT` no amount of memory.
    """
    env = os.environ if environ is None else environ
    threads = env.get("CLV_THREADS") or str(os.cpu_count() or 1)
    if not threads.isdecimal() or int(threads) < 1:
        raise SettingsError(f"CLV_THREADS: expected a whole number of at least 1, found {threads!r}. Set it to the number of cores to use.")
    memory_limit = env.get("CLV_MEMORY_LIMIT") or "4GB"
    if not _MEMORY.fullmatch(memory_limit):
        raise SettingsError(f"CLV_MEMORY_LIMIT: expected an amount such as 4GB, found {memory_limit!r}. Set it to a number with MB or GB.")
    return Settings(
        config_path=_path(env.get("CLV_CONFIG"), PROJECT_ROOT / "config" / "demo.yaml"),
        data_dir=_path(env.get("CLV_DATA_DIR"), PROJECT_ROOT / "data"),
        sample_data=_path(env.get("CLV_SAMPLE_DATA"), PROJECT_ROOT.parent / "shared" / "data"),
        threads=int(threads),
        memory_limit=memory_limit,
        failure_webhook=env.get("CLV_FAILURE_WEBHOOK") or None,
        review_dir=Path(review).expanduser().absolute() if (review := env.get("CLV_REVIEW_DIR")) else None,
        review_database=env.get("CLV_REVIEW_DATABASE") or None,
        review_url=(env.get("CLV_REVIEW_URL") or "http://127.0.0.1:8050").rstrip("/"),
    )


def secret(name: str, environ: Mapping[str, str] | None = None) -> str | None:
    """Return the value of the environment variable that a config names in `${...}`, or None; the value is never logged or hashed."""
    return (os.environ if environ is None else environ).get(name)


def _path(value: str | None, default: Path) -> Path:
    return Path(value).expanduser().absolute() if value else default


@dataclass(frozen=True)
class CompanyPaths:
    """Where one company's state lives: `data/<config name>/`. Two companies never share a file."""

    root: Path

    @property
    def warehouse(self) -> Path:
        """The DuckDB file; opened by steps of a run only."""
        return self.root / "warehouse.duckdb"

    @property
    def marts(self) -> Path:
        """Parquet exports of the dbt marts, one file per model: what Python reads of dbt."""
        return self.root / "marts"

    @property
    def models(self) -> Path:
        """`<target>/<model_id>/` artifacts and `<target>/champion.json`."""
        return self.root / "models"

    @property
    def scores(self) -> Path:
        """`<target>/history/<as_of_date>__<model_id>.parquet`, append-only."""
        return self.root / "scores"

    @property
    def reports(self) -> Path:
        """`<cutoff>/<target>/`."""
        return self.root / "reports"

    @property
    def published(self) -> Path:
        """What readers outside a run read: `runs/<id>/` and the pointer `current`."""
        return self.root / "published"

    @property
    def review(self) -> Path:
        """Published frames and feedback, unless `CLV_REVIEW_DIR` names another place."""
        return self.root / "review"

    @property
    def review_feedback(self) -> Path:
        """What reviewers said, as the newest run took it up."""
        return self.root / "review_feedback.parquet"

    @property
    def dbt_target(self) -> Path:
        """dbt's target folder: manifest, compiled SQL, logs."""
        return self.root / "dbt_target"


def company_paths(settings: Settings, name: str) -> CompanyPaths:
    """Return the state folders of the company whose config has that name."""
    return CompanyPaths(settings.data_dir / name)
