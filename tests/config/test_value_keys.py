"""Keys about an account's worth: defaults that hold together, and what each mistake says."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from clv_platform.config import CompanyConfig, Lifecycle, ValueTiers
from clv_platform.contracts.dbt_vars import build_dbt_vars, value_windows


def make(target: dict[str, Any] | None = None, **changes: Any) -> CompanyConfig:
    basis: dict[str, Any] = {"name": "c", "title": "c", "sources": {"accounts": {"files": "a.csv"}, "orders": {"files": "o.csv"}}}
    targets = [{"name": "worth", "kind": "value", "horizon_days": 180} | target] if target is not None else []
    return CompanyConfig.model_validate(basis | {"targets": targets} | changes)


@pytest.mark.parametrize(
    ("target", "changes", "message"),
    [
        (
            {"learning_windows": [90, 180]},
            {},
            "must be shorter than its horizon of 180 days, found 180; the horizon itself",
        ),
        ({"learning_windows": [0]}, {}, "greater than or equal to 1"),
        ({"kind": "churn", "learning_windows": [30]}, {}, "`worth` has `learning_windows`, which is for targets of kind value; remove it"),
        ({"label_column": "y"}, {}, "takes no flat label column"),
        (
            {},
            {"snapshots": {"is_undated": True}},
            "this config says `snapshots: {is_undated: true}`; remove that line and give dated orders",
        ),
        ({"name": "segments"}, {}, "no target can be named `segments`: the platform's own models, scores or reports"),
        ({"name": "exploration"}, {}, "no target can be named `exploration`"),
        ({}, {"sources": {"accounts": {"files": "a.csv"}}}, "add a source `orders`"),
        ({"margin_share": 0.3}, {}, "`margin_share`, which needs `value_means: margin`"),
        ({"margin_share": 1.5, "value_means": "margin"}, {}, "less than or equal to 1"),
        (None, {"value_tiers": {"low": 0.5}}, "must add up to 1, and add up to 1.1"),
        (None, {"value_tiers": {"low": 0.7, "mid": 0.3, "high": 0.1, "very_high": -0.1}}, "greater than 0"),
        (None, {"value_choice": {"metric": "accuracy"}}, "'ngini', 'mae', 'rmse', 'decile_wape', 'top10_share' or 'spearman'"),
        (None, {"value_choice": {"blend_of": 0}}, "greater than or equal to 1"),
        (None, {"segments": {"n_segments": [1, 4]}}, "each once and at least 2; found [1, 4]"),
        (None, {"lifecycle": {"at_risk_days": 400}}, "at_risk_days must be smaller than lost_days, found 400 and 365"),
        (None, {"lifecycle": {"lost_alive": 0.6}}, "lost_alive must be smaller than at_risk_alive, found 0.6 and 0.5"),
        (None, {"lifecycle": {"acquire_days": 365}}, "acquire_days must be smaller than develop_days"),
    ],
)
def test_mistake_is_said_with_what_was_found(target: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        make(target, **changes)
    assert message in str(error.value)


def test_defaults_hold_together() -> None:
    config = make({})
    assert (config.value_choice.metric, config.value_choice.max_bias, config.value_choice.blend_of) == ("ngini", 0.15, 3)
    assert (config.value_tiers, config.lifecycle) == (ValueTiers(low=0.4, mid=0.3, high=0.2, very_high=0.1), Lifecycle())
    target = config.target("worth")
    assert (target.value_means, target.annual_discount_rate, target.learning_windows, target.time_unit_days) == ("revenue", 0.1, (), 7)


def test_windows_are_the_learning_windows_and_the_horizon_shortest_first() -> None:
    config = make({"learning_windows": [92, 61]})
    assert value_windows(config.target("worth")) == (61, 92, 180)
    (found,) = build_dbt_vars(config, None)["targets"]
    assert found["label"] == "y_worth_180d"
    assert found["windows"][0] == {"days": 61, "label": "y_worth_61d", "purchases": "n_worth_61d"}
    assert found["windows"][-1]["label"] == found["label"]


def test_targets_of_other_kinds_have_no_windows() -> None:
    assert value_windows(make({"kind": "churn"}).target("worth")) == ()
