"""The feature catalogue: names, what drops out with a table, what the config adds; and the dbt docs use the same words."""

from __future__ import annotations

import pytest
import yaml

from clv_platform.config import CompanyConfig, load_config
from clv_platform.contracts.dbt_vars import build_dbt_vars
from clv_platform.contracts.features import build_feature_catalogue
from clv_platform.reports.dbt_docs import describe_feature
from clv_platform.settings import PROJECT_ROOT


@pytest.fixture(scope="module")
def demo() -> CompanyConfig:
    return load_config(PROJECT_ROOT / "config" / "demo.yaml")


def names(config: CompanyConfig) -> list[str]:
    return [feature.name for feature in build_feature_catalogue(config)]


def test_every_feature_has_words_for_people(demo: CompanyConfig) -> None:
    for feature in build_feature_catalogue(demo):
        assert feature.label
        assert feature.meaning.endswith(".")
        assert feature.window
        assert feature.source
        assert feature.unit or feature.type != "number"


def test_features_of_an_absent_table_are_dropped(demo: CompanyConfig) -> None:
    without = demo.model_copy(update={"sources": {name: source for name, source in demo.sources.items() if name != "support_cases"}})
    assert {"n_cases_30d", "n_open_cases"} <= set(names(demo)) - set(names(without))
    assert "users_per_support_cases_3m" not in names(without)
    assert "users_lag_1m" in names(without)
    assert "impressions_x_per_users_3m" in names(without)
    kept = build_dbt_vars(without, None)["interactions"]
    assert len(kept) == len(demo.interactions) - 1
    assert "support_cases" not in {pair["denominator"] for pair in kept}


def test_attributes_that_the_source_does_not_map_are_no_features(demo: CompanyConfig) -> None:
    assert "territory" in names(demo)
    assert "gender" not in names(demo)


def test_unused_columns_are_left_out(demo: CompanyConfig) -> None:
    assert "territory" not in names(demo.model_copy(update={"unused": ("territory",)}))


def test_each_metric_has_lags_sums_means_trend_and_ratio(demo: CompanyConfig) -> None:
    posts = [name for name in names(demo) if name.startswith("posts_")]
    assert posts == [
        *("posts_lag_1m", "posts_lag_2m", "posts_lag_3m"),
        *("posts_sum_3m", "posts_mean_3m", "posts_sum_6m", "posts_mean_6m", "posts_sum_12m", "posts_mean_12m"),
        *("posts_trend_6m", "posts_ratio_3m_12m", "posts_n_months_12m"),
    ]


def test_two_features_of_one_name_are_refused_even_in_other_case(demo: CompanyConfig) -> None:
    doubled = demo.model_copy(update={"derived_features": {"Plan": "plan_rank"}})
    with pytest.raises(ValueError, match="two features are called plan; rename one of them"):
        build_feature_catalogue(doubled)


def test_dbt_describes_fixed_feature_columns_with_the_words_of_the_catalogue(demo: CompanyConfig) -> None:
    content = yaml.safe_load((PROJECT_ROOT / "dbt_project/models/features/_features__models.yml").read_text())
    described = {(model["name"], column["name"]): column["description"] for model in content["models"] for column in model["columns"]}
    checked = 0
    for feature in build_feature_catalogue(demo):
        text = described.get((feature.model, feature.name))
        if text is not None:
            checked += 1
            assert text == describe_feature(feature).replace(f"Unit: {demo.currency}.", "Unit: the company's currency.")
    assert checked > 40


def test_a_derived_feature_names_the_days_over_which_what_it_comes_from_looks(demo: CompanyConfig) -> None:
    features = {feature.name: feature for feature in build_feature_catalogue(demo)}
    mean, lag = features["impressions_x_instagram_mean_3m"], features["impressions_x_instagram_lag_1m"]
    assert (mean.label, mean.window) == ("impressions on X and Instagram together, last 3 months", "last 3 months")
    assert lag.label == "impressions on X and Instagram together (last month)"  # the config's words say it already
    mixed = demo.model_copy(update={"derived_features": {"per_seat": "users_mean_3m / nullif(seats, 0)"}})
    assert {f.name: (f.label, f.window) for f in build_feature_catalogue(mixed)}["per_seat"] == ("per seat", "at the snapshot")
