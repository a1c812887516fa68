"""What a model is called."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from clv_platform.models.identity import name_model

ORIGIN = ["config", "data", "upgrade", 7]
FITTED = {"model_0.txt": "tree=1", "calibrator.json": "{}"}


def test_same_origin_and_same_fit_have_the_same_name_whatever_the_order_of_files():
    turned = dict(reversed(FITTED.items()))
    assert name_model(date(2026, 1, 1), ORIGIN, FITTED) == name_model(date(2026, 1, 1), ORIGIN, turned)


def test_name_begins_with_the_cutoff_or_says_undated():
    assert name_model(date(2026, 1, 1), ORIGIN, FITTED).startswith("2026-01-01-")
    assert name_model(None, ORIGIN, FITTED).startswith("undated-")


@given(text=st.text(min_size=1).filter(lambda text: text != "tree=1"))
def test_whatever_changes_the_trees_changes_the_name(text: str):
    assert name_model(None, ORIGIN, FITTED) != name_model(None, ORIGIN, {**FITTED, "model_0.txt": text})


def test_another_company_has_another_name_though_it_learnt_the_same():
    assert name_model(None, ORIGIN, FITTED) != name_model(None, ["config", "other data", "upgrade", 7], FITTED)
