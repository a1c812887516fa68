"""What a run found, on one screen: a table of figures per target, and where the reports lie."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from clv_platform.config import CompanyConfig
from clv_platform.settings import CompanyPaths

_FIGURES = (
    ("PR-AUC", "pr_auc", "{:.3f}"),
    ("base rate", "pr_auc_baseline", "{:.3f}"),
    ("lift, top 20 %", "lift_at_20", "{:.2f}"),
    ("calibration error", "calibration_error", "{:.4f}"),
    ("log loss", "log_loss", "{:.3f}"),
)
_VALUE_FIGURES = (
    ("held by the top 10 %", "top10_share", "{:.3f}"),
    ("normalised Gini", "ngini", "{:.3f}"),
    ("error of the total", "bias", "{:+.3f}"),
    ("error by decile", "decile_wape", "{:.3f}"),
    ("coverage of 90 % interval", "coverage_90", "{:.3f}"),
    ("mean absolute error", "mae", "{:,.2f}"),
)


def print_results(config: CompanyConfig, paths: CompanyPaths, cutoff: str, targets: Sequence[str]) -> None:
    """Print figures, verdict and champion of every target, then the paths of the reports."""
    console = Console(soft_wrap=True)
    for is_value, figures in ((False, _FIGURES), (True, _VALUE_FIGURES)):
        names = [name for name in targets if (config.target(name).kind == "value") == is_value]
        if names:
            console.print(_table(config, paths, cutoff, names, figures))
    if (index := paths.reports / cutoff / "index.html").is_file():
        console.print(f"{'all pages':<18} {index}", highlight=False)
    for name in (*targets, "segments", "exploration", "data"):
        report = paths.reports / cutoff / name / "report.html"
        if report.is_file():
            console.print(f"{name + ' report':<18} {report}", highlight=False)
        for page in ("history", "backtest"):
            if (report := paths.reports / cutoff / name / f"{page}.html").is_file():
                console.print(f"{name + ' ' + page:<18} {report}", highlight=False)
    if (paths.published / "current").exists():
        console.print(f"{'published':<18} {paths.published / 'current'}", highlight=False)


def _table(config: CompanyConfig, paths: CompanyPaths, cutoff: str, names: Sequence[str], figures: Sequence[tuple[str, str, str]]) -> Table:
    """Figures of targets of one kind, a column per target."""
    table = Table(title=f"{config.title}, cutoff {cutoff}", title_justify="left")
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right")
    metrics = [read_json(paths.reports / cutoff / name / "metrics.json") for name in names]
    for label, key, form in figures:
        table.add_row(label, *(_figure(found, key, form) for found in metrics))
    label = "accounts (buyers)" if figures is _VALUE_FIGURES else "rows (positive)"
    table.add_row(label, *(_counts(found) for found in metrics))
    table.add_row("verdict", *(str(found.get("verdict", "-")).replace("_", " ") for found in metrics))
    table.add_row("model", *(str(found.get("model_id") or "-") for found in metrics))
    champions = [read_json(paths.models / name / "champion.json") for name in names]
    table.add_row("champion", *(str(found.get("model_id", "none")) for found in champions))
    return table


def _counts(metrics: Mapping[str, Any]) -> str:
    events = metrics.get("n_positive", metrics.get("n_buyers"))
    return "-" if "n" not in metrics else f"{metrics['n']:,}" + (f" ({events:,})" if events is not None else "")


def print_backtest(config: CompanyConfig, paths: CompanyPaths, cutoffs: Sequence[str]) -> None:
    """Print one row per cutoff and target: how good the model of that month would have been."""
    console = Console(soft_wrap=True)
    for is_value, figures in ((False, _FIGURES), (True, _VALUE_FIGURES)):
        names = [target.name for target in config.targets if (target.kind == "value") == is_value]
        found = [(cutoff, name, read_json(paths.reports / cutoff / name / "metrics.json")) for cutoff in cutoffs for name in names]
        if not any(metrics for _, _, metrics in found):
            continue
        table = Table(title=f"{config.title}: backtest", title_justify="left")
        for column in ("cutoff", "target", *(label for label, _, _ in figures), "verdict"):
            table.add_column(column, justify="left" if column in ("cutoff", "target", "verdict") else "right")
        for cutoff, name, metrics in found:
            if metrics:
                told = (_figure(metrics, key, form) for _, key, form in figures)
                table.add_row(cutoff, name, *told, str(metrics.get("verdict", "-")).replace("_", " "))
        console.print(table)


def read_json(path: Path) -> Mapping[str, Any]:
    """Content of a JSON file; empty when there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _figure(metrics: Mapping[str, Any], key: str, form: str) -> str:
    value, low, high = metrics.get(key), metrics.get(f"{key}_lo"), metrics.get(f"{key}_hi")
    if value is None:
        return "-"
    interval = f" [{form.format(low)}, {form.format(high)}]" if low is not None and high is not None else ""
    return form.format(value) + interval
