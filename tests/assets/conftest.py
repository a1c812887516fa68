"""A tiny company in a folder of its own, and definitions of it."""

from pathlib import Path

import pytest
import yaml
from dagster import DagsterInstance

from assets.company import Company, load_company
from assets.definitions import Overrides, build_defs
from clv_platform.settings import PROJECT_ROOT, Settings


def write_tiny_config(folder: Path, **changes) -> Path:
    """The demo's config, learning faster; `changes` replace top-level keys, None removes one."""
    config = yaml.safe_load((PROJECT_ROOT / "config" / "demo.yaml").read_text(encoding="utf-8"))
    config |= {"training": {"n_bootstraps": 50, "n_test_dates": 1, "min_positives": 5, "tuning": {"trials": 0}, "comparators": []}}
    config = {key: value for key, value in (config | changes).items() if value is not None}
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def _open(folder: Path, *, failure_webhook: str | None = None, **changes) -> Company:
    settings = Settings(folder / "tiny.yaml", folder / "data", PROJECT_ROOT, 1, "1GB", failure_webhook)
    return load_company(write_tiny_config(folder, **changes), settings)


@pytest.fixture
def open_tiny(tmp_path):
    """A function: open_tiny(**keys of the config to change) -> Company."""
    return lambda **changes: _open(tmp_path, **changes)


@pytest.fixture
def company(open_tiny) -> Company:
    return open_tiny()


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Company:
    return _open(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def demo_defs(demo):
    """Parses the dbt project once."""
    return build_defs(Overrides(company=demo))


@pytest.fixture
def instance():
    with DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral
