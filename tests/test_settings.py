"""The surroundings of a run: defaults, and what a variable that can't be used says."""

from __future__ import annotations

import pytest

from clv_platform.settings import SettingsError, load_settings


def test_empty_variables_mean_the_defaults():
    settings = load_settings({"CLV_THREADS": "", "CLV_MEMORY_LIMIT": "", "CLV_FAILURE_WEBHOOK": ""})
    assert settings.threads >= 1
    assert settings.memory_limit == "4GB"
    assert settings.failure_webhook is None
    assert settings.config_path.name == "demo.yaml"


@pytest.mark.parametrize("threads", ["two", "0", "-1", "1.5", "²"])
def test_threads_that_are_no_number_are_one_message(threads):
    with pytest.raises(SettingsError) as error:
        load_settings({"CLV_THREADS": threads})
    assert str(error.value) == (
        f"CLV_THREADS: expected a whole number of at least 1, found {threads!r}. Set it to the number of cores to use."
    )


@pytest.mark.parametrize("limit", ["4GB", "1.5 gib", "512MB", "80%"])
def test_amounts_of_memory_that_duckdb_knows_are_taken(limit):
    assert load_settings({"CLV_MEMORY_LIMIT": limit}).memory_limit == limit


@pytest.mark.parametrize("limit", ["lots", "4", "4GB; drop table x"])
def test_memory_that_is_no_amount_is_one_message(limit):
    with pytest.raises(SettingsError) as error:
        load_settings({"CLV_MEMORY_LIMIT": limit})
    assert str(error.value) == (f"CLV_MEMORY_LIMIT: expected an amount such as 4GB, found {limit!r}. Set it to a number with MB or GB.")
