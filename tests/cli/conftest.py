"""The clv command in a process of its own, on a tiny simulated company, with state and history in a temporary folder."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from clv_platform.settings import PROJECT_ROOT

CLV = str(Path(sys.executable).parent / "clv")


@dataclass(frozen=True)
class Place:
    """A folder with a config, state and Dagster's history."""

    folder: Path
    config: Path

    @property
    def environment(self) -> dict[str, str]:
        own = {"CLV_DATA_DIR": str(self.folder / "data"), "DAGSTER_HOME": str(self.folder / "history"), "CLV_CONFIG": str(self.config)}
        # Two threads: two steps at once, as on any machine with two cores (in the process of the run itself: tests/assets).
        return {**os.environ, **own, "CLV_THREADS": "2", "OMP_NUM_THREADS": "1", "COLUMNS": "160"}

    @property
    def state(self) -> Path:
        return self.folder / "data" / "demo"

    def start(self, *args: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [CLV, *args],
            env=self.environment,
            cwd=self.folder,
            text=True,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def clv(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([CLV, *args], env=self.environment, cwd=self.folder, text=True, capture_output=True, check=False)

    def runs(self) -> list[str]:
        """Statuses in Dagster's history, newest first."""
        code = "from dagster import DagsterInstance; print(*(run.status.value for run in DagsterInstance.get().get_runs()))"
        done = subprocess.run([sys.executable, "-c", code], env=self.environment, text=True, capture_output=True, check=True)
        return done.stdout.split()


def make_place(folder: Path, **changes: object) -> Place:
    """The demo's config, learning fast rather than well; `changes` replace top-level keys."""
    config = yaml.safe_load((PROJECT_ROOT / "config" / "demo.yaml").read_text(encoding="utf-8"))
    training = {"n_bootstraps": 50, "n_test_dates": 1, "min_positives": 5, "lightgbm": {"num_iterations": 40, "n_bags": 1}}
    training |= {"tuning": {"trials": 2}, "comparators": ["random_forest"]}
    config |= {"training": training, **changes}
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    history = folder / "history"
    history.mkdir(exist_ok=True)
    text = (PROJECT_ROOT / "dagster.yaml").read_text(encoding="utf-8").replace("base_dir: dagster_home", f"base_dir: {history}")
    (history / "dagster.yaml").write_text(text, encoding="utf-8")
    return Place(folder, path)


@pytest.fixture
def place(tmp_path) -> Place:
    return make_place(tmp_path)


@pytest.fixture(scope="session")
def simulated(tmp_path_factory) -> Place:
    """A place whose raw files are there."""
    place = make_place(tmp_path_factory.mktemp("company"))
    done = place.clv("simulate", "--accounts", "400", "--months", "14", "--seed", "5")
    assert done.returncode == 0, done.stderr
    return place
