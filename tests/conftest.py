"""What holds for all tests: those on real data are left out only where the data aren't there, and that is said at the end, loudly."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clv_platform.settings import load_settings

_LEFT_OUT = pytest.StashKey[int]()


def _sample_data() -> Path:
    return load_settings(os.environ).sample_data


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    folder = _sample_data()
    if folder.is_dir():
        return
    wanting = [item for item in items if item.get_closest_marker("data")]
    for item in wanting:
        item.add_marker(pytest.mark.skip(reason=f"{folder}: no such folder; set CLV_SAMPLE_DATA to the folder of the real data sets"))
    config.stash[_LEFT_OUT] = len(wanting)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if n := config.stash.get(_LEFT_OUT, 0):
        terminalreporter.section("REAL DATA NOT TESTED", sep="!", red=True, bold=True)
        terminalreporter.line(
            f"{n} tests on real data sets were left out: {_sample_data()} is no folder. Set CLV_SAMPLE_DATA to the folder that holds them "
            "and run again: without them this result says nothing about the example companies in config/.",
            red=True,
        )
