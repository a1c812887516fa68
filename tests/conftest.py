"""What holds for all tests: those on real data are left out only where the data aren't there, and that is said at the end, loudly.

Of several workers (`make test` has two) each runs whole folders, because the tests of a folder share what is slow to make. And one small
trained model of which the drivers are known, for the rooms that explain and score, and a PostgreSQL server.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from xdist.scheduler import LoadScopeScheduling

from clv_platform.settings import load_settings

if TYPE_CHECKING:
    from clv_platform.datasets import Examples
    from clv_platform.models import ModelArtifact

_NO_DATA = "set CLV_SAMPLE_DATA to the folder of the real data sets"


def _sample_data() -> Path:
    return load_settings(os.environ).sample_data


class _WholeFolders(LoadScopeScheduling):
    """Gives a worker one room after the other: `tests/models/...` are one piece of work."""

    def _split_scope(self, nodeid: str) -> str:
        return "/".join(nodeid.split("::")[0].split("/")[:2])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return _WholeFolders(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = _sample_data()
    for item in items:
        if item.get_closest_marker("data") and not folder.is_dir():
            item.add_marker(pytest.mark.skip(reason=f"{folder}: no such folder; {_NO_DATA}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if n := sum(_NO_DATA in str(report.longrepr) for report in terminalreporter.stats.get("skipped", ())):
        terminalreporter.section("REAL DATA NOT TESTED", sep="!", red=True, bold=True)
        terminalreporter.line(
            f"{n} tests on real data sets were left out: {_sample_data()} is no folder. Set CLV_SAMPLE_DATA to the folder that holds them "
            "and run again: without them this result says nothing about the example companies in config/.",
            red=True,
        )


_SMALL_FEATURES = (  # name, label, type, group
    ("impressions_x_lag_1m", "impressions on X (last month)", "number", "usage"),
    ("impressions_x_mean_3m", "impressions on X, monthly mean of 3 months", "number", "usage"),
    ("impressions_x_per_users_3m", "impressions x per users", "number", "interactions"),
    ("n_cases_90d", "support cases in 90 days", "number", "support"),
    ("territory", "territory", "category", "profile"),
    ("is_trial", "on trial", "boolean", "billing"),
    ("noise", "noise", "number", "usage"),
)


@pytest.fixture(scope="session")
def small_examples() -> Examples:
    """3,000 undated rows: more impressions on X raise the chance, support cases and territory T3 lower it."""
    from clv_platform.contracts.features import Feature
    from clv_platform.datasets import Examples

    features = tuple(Feature(name, type_, "m", group, label, "", "", "", "usage") for name, label, type_, group in _SMALL_FEATURES)  # type: ignore[arg-type]
    rng = np.random.default_rng(0)
    n = 3000
    level = rng.lognormal(8, 1, n)
    cases = rng.poisson(1.5, n).astype(float)
    territory = rng.integers(0, 3, n)
    is_trial = (rng.random(n) < 0.3).astype(float)
    log_odds = -2 + 1.2 * (np.log(level) - 8) - 0.8 * cases - 1.5 * (territory == 2) + 0.5 * is_trial
    y = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(float)
    lag = level * rng.lognormal(0, 0.1, n)
    lag[rng.random(n) < 0.1] = np.nan
    X = pd.DataFrame(
        {
            "impressions_x_lag_1m": lag,
            "impressions_x_mean_3m": level,
            "impressions_x_per_users_3m": level / rng.integers(1, 9, n),
            "n_cases_90d": cases,
            "territory": pd.Categorical([f"T{k + 1}" for k in territory]),
            "is_trial": is_trial,
            "noise": rng.normal(size=n),
        }
    )
    undated = np.full(n, "NaT", dtype="datetime64[D]")
    return Examples(X, y, np.array([f"a{k:04d}" for k in range(n)], dtype=object), undated, features, "y_upgrade")


@pytest.fixture(scope="session")
def small_artifact(small_examples: Examples) -> ModelArtifact:
    """A model of them: 80 trees, real training, real calibration."""
    from clv_platform.config import Target, Training
    from clv_platform.models import train_binary_model

    training = Training(arms=("none",), lightgbm={"num_iterations": 80, "learning_rate": 0.1, "feature_fraction": 1.0})
    target = Target(name="upgrade", kind="upgrade")
    return train_binary_model(small_examples, target, training, cutoff=None, config_hash="c", data_hash="d").artifact


PASSWORD = "s3cret-pass"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a PostgreSQL server of the tests' own: Debian's binaries, a temporary folder, a free loopback port, no root."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.fail("PostgreSQL's server binaries are needed for this test and are not installed. Run: apt-get install -y postgresql")
    binaries = found[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="clv_pg_"))
    # initdb refuses to run as root; Debian's package brings a user for it.
    as_user = "postgres" if os.geteuid() == 0 else None
    if as_user:
        os.chown(folder, pwd.getpwnam(as_user).pw_uid, pwd.getpwnam(as_user).pw_gid)
    password_file = folder / "password"
    password_file.write_text(PASSWORD)
    password_file.chmod(0o644)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    try:
        access = ["-A", "scram-sha-256", f"--pwfile={password_file}", "-U", "tester"]
        _run([binaries / "initdb", "-D", data, *access, "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"], as_user, folder)
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        _run([binaries / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"], as_user, folder)
        try:
            yield f"postgresql://tester:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            _run([binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], as_user, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[object], user: str | None, folder: Path) -> None:
    result = subprocess.run(
        list(map(str, command)),
        user=user,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=120,
    )
    if result.returncode:
        log = folder / "log"
        pytest.fail(f"{command[0]} ended with {result.returncode}. {log.read_text() if log.is_file() else ''}")
