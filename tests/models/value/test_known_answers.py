"""Published parameters and log-likelihoods: Fader & Hardie's notes on CDNOW and on two subscriber segments."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clv_platform.models.value import fit_bg_nbd, fit_gamma_gamma, fit_pareto_nbd, fit_shifted_beta_geometric
from clv_platform.settings import load_settings

pytestmark = pytest.mark.data


def test_bg_nbd_on_cdnow_is_the_published_fit(cdnow_summary):
    model, report = fit_bg_nbd(cdnow_summary)
    assert model.parameters.round(3).tolist() == [0.243, 4.414, 0.793, 2.426]
    assert report.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    assert report.is_usable


def test_modified_bg_nbd_on_cdnow_is_the_published_fit(cdnow_summary):
    model, report = fit_bg_nbd(cdnow_summary, is_modified=True)
    assert model.parameters.round(3).tolist() == [0.525, 6.183, 0.891, 1.614]  # Batislam et al. 2007, as in the R package BTYD's tests
    assert report.log_likelihood == pytest.approx(-9582.1, abs=0.05)


def test_pareto_nbd_on_cdnow_is_the_published_fit(cdnow_summary):
    model, report = fit_pareto_nbd(cdnow_summary)
    assert model.parameters.round(3).tolist() == [0.553, 10.578, 0.606, 11.669]  # Fader, Hardie (2005)
    assert report.log_likelihood == pytest.approx(-9595.0, abs=0.05)


def test_gamma_gamma_on_repeat_orders_of_cdnow_is_the_published_fit(cdnow_days):
    before = cdnow_days[cdnow_days["date"] < "1997-10-01"]
    repeats = before[before["date"] > before.groupby("id")["date"].transform("min")]
    by_customer = repeats.groupby("id")["dollars"].agg(["mean", "size"])
    model, report = fit_gamma_gamma(by_customer["size"], by_customer["mean"])
    assert model.parameters.round(2).tolist() == [6.25, 3.74, 15.44]
    assert report.is_usable


@pytest.mark.parametrize(
    ("segment", "alpha", "beta", "log_likelihood"), [("Regular", 0.704, 1.182, -1680.27), ("High-end", 0.668, 3.806, -1611.16)]
)
def test_shifted_beta_geometric_is_the_published_fit(segment, alpha, beta, log_likelihood):
    survivors = pd.read_csv(Path(load_settings().sample_data) / "sbg_retention" / "2-segment-retention.csv.gz")[segment].to_numpy()
    model, report = fit_shifted_beta_geometric(survivors[:8])
    assert model.parameters.round(3).tolist() == [alpha, beta]
    assert report.log_likelihood == pytest.approx(log_likelihood, abs=0.005)
    # Years 8 to 12 weren't seen: the projection stays within two points of what happened.
    assert np.abs(model.survival(np.arange(8, 13)) - survivors[8:] / survivors[0]).max() < 0.02


def test_holdout_purchases_of_the_cdnow_sample_are_the_reference_figure(cdnow_days, cdnow_summary):
    model, _ = fit_bg_nbd(cdnow_summary)
    customers = cdnow_days[cdnow_days["date"] < "1997-10-01"].groupby("id").size().index
    bought = cdnow_days[cdnow_days["date"] >= "1997-10-01"].groupby("id").size().reindex(customers, fill_value=0).to_numpy()
    assert np.abs(model.expected_purchases(cdnow_summary, 39.0) - bought).mean() == pytest.approx(0.785, abs=0.0005)
