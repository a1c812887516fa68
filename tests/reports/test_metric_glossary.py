"""The glossary covers what is measured, in sentences."""

from __future__ import annotations

from clv_platform.reports import METRICS, TargetReportInputs, build_metric_glossary

NOT_MEASURED = {"split", "model_id", "model_kind", "verdict", "schema_version"}


def test_every_figure_of_metrics_json_is_explained(inputs: TargetReportInputs) -> None:
    measured = {name.removesuffix("_lo").removesuffix("_hi") for name in inputs.metrics} - NOT_MEASURED
    assert measured <= set(METRICS)


def test_measured_figures_lie_within_their_range(inputs: TargetReportInputs) -> None:
    for name, metric in METRICS.items():
        value = inputs.metrics.get(name)
        if value is not None:
            assert metric.lowest is None or value >= metric.lowest, name
            assert metric.highest is None or value <= metric.highest, name


def test_value_targets_are_explained_for_amounts_and_counts() -> None:
    for name in ("mae", "rmse", "bias", "spearman", "ngini", "decile_wape", "top10_share", "coverage_90"):
        assert {name, f"transactions_{name}"} <= set(METRICS)
    assert "transactions_mae_median" in METRICS


def test_each_meaning_is_a_sentence_and_names_are_unique() -> None:
    glossary = build_metric_glossary()
    assert glossary["name"].is_unique
    assert glossary["meaning"].str.match(r"^[A-Z].*\.$", flags=16).all()
