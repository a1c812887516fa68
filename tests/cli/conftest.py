"""The clv command in a process of its own, on a tiny simulated company, with state and history in a temporary folder.

And one whole run of that company, before which a manager has doubted a frame in the review app: the run takes the doubt up.
"""

import importlib.util
import os
import subprocess
import sys
import threading
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


@pytest.fixture(scope="session")
def doubted(simulated) -> dict[str, str]:
    """What a manager saw in a browser, and doubted: a frame published into the company's review store, filtered by country.

    The company spells that country as the frame does.
    """
    import pandas as pd
    from playwright.sync_api import sync_playwright

    from clv_platform.review import publish
    from clv_platform.review.app import create_app
    from clv_platform.review.app.scene import Sources
    from clv_platform.review.app.server import make_app_server
    from clv_platform.review.frames.store import ReviewStore

    path = Path(__file__).parents[1] / "review" / "planted.py"
    spec = importlib.util.spec_from_file_location("planted_for_runs", path)
    assert spec is not None
    assert spec.loader is not None
    planted = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(planted)
    store = ReviewStore(simulated.state / "review")
    accounts = pd.read_parquet(simulated.state / "files" / "accounts.parquet")
    accounts.assign(country=accounts["country"].replace("DE", "Germany")).to_parquet(simulated.state / "files" / "accounts.parquet")
    options = {"account_id": "account_id", "slices": ("country", "industry"), "store": store}
    publish(planted.planted_frame(), "Spend and segment, March", "segment", "predicted_segment", **options)
    server = make_app_server(create_app(Sources(store)), "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            seen = _doubt(browser.new_page(base_url=f"http://127.0.0.1:{server.port}"))
            browser.close()
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
    return seen


def _doubt(page) -> dict[str, str]:
    """Open the frame, look at Germany, say that it's wrong; return the figures that were on the screen."""
    from playwright.sync_api import expect

    page.goto("/")
    page.get_by_role("link", name="Spend and segment, March").click()
    accuracy, precision = (
        page.locator("[data-metric='accuracy'] .card-value"),
        page.locator("tr[data-level='very high'] td[data-rate='precision'] .figure"),
    )
    expect(accuracy).to_have_text("69 %")
    seen = {"accuracy": accuracy.inner_text(), "precision": precision.inner_text()}
    page.get_by_label("country").first.click()
    page.get_by_role("option", name="Germany").click()
    expect(accuracy).not_to_have_text(seen["accuracy"])
    seen |= {"accuracy in Germany": accuracy.inner_text(), "precision in Germany": precision.inner_text()}
    page.get_by_role("navigation", name="Pages of this frame").get_by_role("link", name="Feedback").click()
    page.locator("#feedback-comment").fill("Prices changed in March.")
    page.get_by_label("Your name").fill("Mara")
    page.get_by_role("button", name="Save comment").click()
    expect(page.locator("#feedback-told")).to_contain_text("Saved")
    return {name: text.replace("\u00a0", " ") for name, text in seen.items()}


@pytest.fixture(scope="session")
def finished(simulated, doubted):
    """The simulated company after one whole run, which came after the doubt."""
    done = simulated.clv("run", "--no-progress")
    assert done.returncode == 0, done.stderr
    return simulated, done
