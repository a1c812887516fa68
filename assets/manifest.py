"""How dbt is called for one company: its variables, its environment, and a manifest that is made once.

dbt's variables differ per company, so each has a manifest of its own under `data/<name>/dbt_target`. `dbt parse` costs seconds: it runs
only when a file of the project, a variable or dbt's version changed. Keep assets out (see `warehouse`).
"""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from functools import cached_property
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from dagster_dbt import DbtCliResource
from packaging.version import Version
from pydantic import Field

from assets.company import Company
from assets.partitions import end_of_data
from assets.processes import changed_environment, end_orphan, note_child
from clv_platform.contracts.dbt_vars import build_dbt_vars
from clv_platform.settings import PROJECT_ROOT

DBT_PROJECT = PROJECT_ROOT / "dbt_project"
_PROJECT_SUFFIXES = {".sql", ".yml", ".yaml", ".md", ".csv", ".py"}


class DbtProjectError(RuntimeError):
    """dbt can't read the project with this company's variables; the message ends with dbt's own last lines."""


class DbtCli(DbtCliResource):
    """dbt's command with one company's environment, without the two slow things that dagster-dbt does on every first call.

    Attributes
    ----------
    environment : dict of str
        Added to the process environment while dbt starts.
    """

    environment: dict[str, str] = Field(default_factory=dict)

    @cached_property
    def _cli_version(self) -> Version:
        # The parent runs `dbt --version`, which asks the package registry over the network.
        return Version(installed_version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Any) -> Any:
        # Only fetch_row_counts and fetch_column_metadata need the adapter; importing dbt here costs two seconds.
        return None

    def cli(self, args: Any, *, target_path: Path | None = None, **options: Any) -> Any:
        """Start dbt as the parent does, with this company's environment; a dbt that a killed run left behind is ended first."""
        if target_path is None:
            raise ValueError("dbt needs a target folder of its own: without one its logs would lie in the project.")
        note = target_path.parent / "dbt.process"
        end_orphan(note)
        with changed_environment(self.environment):
            invocation = super().cli(args, target_path=target_path, **options)
        note_child(note, invocation.process.pid)
        return invocation


def build_dbt(company: Company) -> DbtCli:
    """Return the resource that runs dbt for this company; no activated shell is needed."""
    return DbtCli(
        project_dir=str(DBT_PROJECT),
        profiles_dir=str(DBT_PROJECT),
        dbt_executable=dbt_executable(),
        environment=dbt_environment(company),
    )


def dbt_executable() -> str:
    """The `dbt` beside the running interpreter, so that no other environment's is taken."""
    return str(Path(sys.executable).parent / "dbt")


def dbt_environment(company: Company) -> dict[str, str]:
    """Environment variables that the profile and the models of the dbt project read."""
    return {
        "CLV_WAREHOUSE": str(company.paths.warehouse.absolute()),
        "CLV_STATE_DIR": str(company.paths.root.absolute()),
        "CLV_THREADS": str(company.settings.threads),
        "CLV_MEMORY_LIMIT": company.settings.memory_limit,
        "DBT_TARGET_PATH": str(company.paths.dbt_target.absolute()),
        "DBT_LOG_PATH": str(company.paths.dbt_target.absolute()),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_VERSION_CHECK": "false",
        # Every statement and step in the log file is a fifth of dbt's time; what failed, and its SQL, are in the target folder anyway.
        "DBT_LOG_LEVEL_FILE": os.environ.get("DBT_LOG_LEVEL_FILE", "info"),
    }


def dbt_vars(company: Company) -> str:
    """The `--vars` of every dbt call of a company, as JSON; the same text each time, or partial parsing is lost."""
    return json.dumps(build_dbt_vars(company.config, end_of_data(company)), sort_keys=True)


def ensure_manifest(company: Company) -> Path:
    """Return the path of the company's manifest, parsed anew only when something changed.

    Raises
    ------
    DbtProjectError
        When dbt can't parse the project.
    """
    target = company.paths.dbt_target.absolute()
    manifest, stamp_file = target / "manifest.json", target / "manifest.stamp"
    stamp = _stamp(dbt_vars(company))
    if manifest.is_file() and stamp_file.is_file() and stamp_file.read_text() == stamp:
        return manifest
    target.mkdir(parents=True, exist_ok=True)
    with (target / "manifest.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several processes load definitions at the same time
        if not (manifest.is_file() and stamp_file.is_file() and stamp_file.read_text() == stamp):
            stamp_file.unlink(missing_ok=True)  # a kill between the two lines must not leave the new manifest under the old stamp
            _parse(company, target)
            stamp_file.write_text(stamp)
    return manifest


def run_dbt(company: Company, args: list[str], target_path: Path) -> None:
    """Call dbt outside Dagster (parse, docs); raises DbtProjectError with dbt's last lines."""
    command = [dbt_executable(), "--quiet", "--no-use-colors", *args, "--vars", dbt_vars(company)]
    folders = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT), "--target-path", str(target_path)]
    environment = {**os.environ, **dbt_environment(company)}
    done = subprocess.run([*command, *folders], env=environment, cwd=DBT_PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise DbtProjectError(f"dbt {args[0]} failed for company {company.name!r}:\n{said}")


def _parse(company: Company, target: Path) -> None:
    fresh = target / "parse"
    run_dbt(company, ["parse"], fresh)
    for name in ("partial_parse.msgpack", "manifest.json"):
        if (fresh / name).is_file():
            (fresh / name).replace(target / name)


def _stamp(variables: str) -> str:
    digest = hashlib.sha256(f"{variables} dbt {installed_version('dbt-core')} duckdb {installed_version('dbt-duckdb')}".encode())
    for folder, folders, files in os.walk(DBT_PROJECT):
        folders[:] = sorted(set(folders) - {"target", "logs", "dbt_packages", "__pycache__"})
        for name in sorted(files):
            path = Path(folder, name)
            if path.suffix in _PROJECT_SUFFIXES:
                found = path.stat()
                digest.update(f"{path.relative_to(DBT_PROJECT)} {found.st_mtime_ns} {found.st_size}\n".encode())
    return digest.hexdigest()
