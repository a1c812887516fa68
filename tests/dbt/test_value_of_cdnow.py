"""The purchase summaries of the CDNOW sample: what dbt hands to the probability models gives the published fit."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
from project import run_dbt

from clv_platform.config import load_config
from clv_platform.models.value import PurchaseSummary, fit_bg_nbd
from clv_platform.raw import load_raw
from clv_platform.settings import PROJECT_ROOT, company_paths, load_settings
from clv_platform.warehouse import open_warehouse

pytestmark = [pytest.mark.data, pytest.mark.slow]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    settings = load_settings({**os.environ, "CLV_DATA_DIR": str(tmp_path_factory.mktemp("data")), "CLV_THREADS": "1"})
    config = load_config(PROJECT_ROOT / "config" / "cdnow_sample.yaml", settings)
    paths = company_paths(settings, config.name)
    observed_until = load_raw(config, paths, settings).observed_until
    names = ("fct_purchase_summaries", "lbl_accounts__value")
    done = run_dbt(["run", "--select", *(f"+{name}" for name in names)], config, observed_until, Path(paths.root))
    assert done.returncode == 0, done.stdout
    with open_warehouse(paths.warehouse, settings, read_only=True) as connection:
        query = "select * from {}.{} where as_of_date = date '1997-10-01' order by account_id"
        return {name: connection.execute(query.format(schema, name)).df() for schema, name in zip(("marts", "labels"), names, strict=True)}


def test_bg_nbd_on_the_summaries_is_the_published_fit(tables: dict[str, pd.DataFrame]) -> None:
    found = tables["fct_purchase_summaries"]
    assert len(found) == 2357
    model, report = fit_bg_nbd(PurchaseSummary.of(found["frequency"], found["recency_days"] / 7, found["T_days"] / 7))
    assert (round(model.r, 3), round(model.alpha, 3), round(model.a, 3), round(model.b, 3)) == (0.243, 4.414, 0.793, 2.426)
    assert report.log_likelihood == pytest.approx(-9582.4, abs=0.05)


def test_labels_hold_every_purchase_of_the_39_weeks_after_the_calibration(tables: dict[str, pd.DataFrame]) -> None:
    labels = tables["lbl_accounts__value"]
    path = load_settings().sample_data / "cdnow" / "CDNOW_sample.txt.gz"
    lines = pd.read_csv(path, sep=r"\s+", header=None, names=["id", "n", "on", "cds", "spent"])
    later = lines[lines["on"] >= 19971001]
    assert labels["y_value_273d"].sum() == pytest.approx(later["spent"].sum())
    assert labels["n_value_273d"].sum() == len(later.drop_duplicates(["id", "on"]))
