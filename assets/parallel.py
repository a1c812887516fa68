"""Steps of a run in processes of their own, several at once: the targets don't depend on each other.

Here: the executor of the command line, the job as a worker process makes it, and the server from which workers are forked. The server has
imported everything and made the definitions once, so that a step costs a fork, not a start of Python. Keep what runs out (see `runs`).

One writer to the warehouse is kept by the pool `duckdb`: `dagster.yaml` lets one of its steps run at a time, whatever the executor.
"""

import functools
import multiprocessing
import os
import threading
from dataclasses import replace
from multiprocessing import connection, forkserver
from pathlib import Path

from dagster import Definitions, ExecutorDefinition, JobDefinition, build_reconstructable_job, multiprocess_executor
from dagster._core.definitions.reconstruct import ReconstructableJob

from assets.company import Company, load_company
from assets.definitions import Overrides, build_defs
from assets.manifest import build_dbt, ensure_manifest
from assets.processes import changed_environment
from clv_platform.settings import load_settings

MAX_WORKERS = 4  # more steps than that are never ready at once, and each takes memory
_INTERRUPTED_EXIT = 130
# What steps would import one after the other (Dagster's storage alone costs a second); last `assets.prepared`, which makes the definitions.
_PRELOADED = (
    "assets.history",
    "dagster._core.storage.base_storage",
    "dagster._core.storage.local_compute_log_manager",
    "dagster._core.storage.root",
    "dagster._core.execution.plan.execute_plan",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "pyarrow.dataset",
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "upath",
    "lightgbm",
    "optuna",
    "imblearn.over_sampling",
    "scipy.stats",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "sklearn.neural_network",
    "statsmodels.duration.survfunc",
    "statsmodels.stats.multitest",
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "clv_platform.models",
    "clv_platform.models.segments",
    "clv_platform.evaluation",
    "clv_platform.reports",
    "clv_platform.exploration",
    "assets.prepared",
)
_BLAS_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def count_workers(threads: int) -> int:
    """How many steps run at once with that many threads: 1 means in the process of the run itself."""
    return min(threads, MAX_WORKERS)


def build_executor(n_workers: int) -> ExecutorDefinition:
    """Return the executor that forks a worker per step."""
    start = {"forkserver": {"preload_modules": list(_PRELOADED)}}
    return multiprocess_executor.configured({"max_concurrent": n_workers, "start_method": start}, name="several_at_once")


def build_parallel_job(company: Company, job_name: str) -> ReconstructableJob:
    """Return a job that worker processes can make, too, and start the server that they come from, unless it runs already."""
    start_server(company)
    return build_reconstructable_job(
        "assets.parallel", "rebuild_job", reconstructable_kwargs={"config_path": str(company.config_path), "job_name": job_name}
    )


def rebuild_job(config_path: str, job_name: str) -> JobDefinition:
    """Make the job, in the run's process and in each worker; a worker ends when the run's process does."""
    if multiprocessing.parent_process() is not None:
        _end_with_parent()
    return prepare_definitions(config_path).resolve_job_def(job_name)


def shared_definitions(company: Company) -> Definitions:
    """The definitions that workers will have, made once in the run's process; the manifest is made first, if it is out of date."""
    ensure_manifest(company)
    return prepare_definitions(str(company.config_path))


def prepare_definitions(config_path: str) -> Definitions:
    """Definitions for workers: each has its share of the threads, but dbt, beside which little runs, has all of them."""
    company = load_company(Path(config_path), load_settings())
    manifest = company.paths.dbt_target.absolute() / "manifest.json"
    return _definitions(config_path, str(manifest), manifest.stat().st_mtime_ns)


@functools.lru_cache(maxsize=1)
def _definitions(config_path: str, manifest: str, made_at: int) -> Definitions:
    """A manifest that was made anew makes other definitions."""
    company = load_company(Path(config_path), load_settings())
    n_workers, share = _shares(company.settings.threads)
    overrides = Overrides(
        company=replace(company, settings=replace(company.settings, threads=share)),
        manifest_path=Path(manifest),
        resources={"dbt": build_dbt(company)},
        executor=build_executor(n_workers),
    )
    return build_defs(overrides)


def _shares(threads: int) -> tuple[int, int]:
    """Number of workers, and threads of each."""
    n_workers = count_workers(threads)
    return n_workers, max(1, threads // n_workers)


def start_server(company: Company) -> None:
    """Start the server before it is needed: it imports while this process looks for a manifest and plans the run.

    BLAS gets the share of threads, as busy pools stand in each other's way.
    """
    _, share = _shares(company.settings.threads)
    forkserver.set_forkserver_preload(["dagster._core.executor.multiprocess", *_PRELOADED])
    with changed_environment({name: os.environ.get(name) or str(share) for name in _BLAS_THREADS}):
        forkserver.ensure_running()


def _end_with_parent() -> None:
    """End this worker as soon as the run's process is gone: a killed run must not go on writing beside the next one."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        connection.wait([parent.sentinel])
        os._exit(_INTERRUPTED_EXIT)

    threading.Thread(target=wait, name="end-with-parent", daemon=True).start()
