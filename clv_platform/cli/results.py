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


def print_results(config: CompanyConfig, paths: CompanyPaths, cutoff: str, targets: Sequence[str]) -> None:
    """Print figures, verdict and champion of every target, then the paths of the reports."""
    console = Console(soft_wrap=True)
    if targets:
        table = Table(title=f"{config.title}, cutoff {cutoff}", title_justify="left")
        table.add_column("")
        for name in targets:
            table.add_column(name, justify="right")
        metrics = [read_json(paths.reports / cutoff / name / "metrics.json") for name in targets]
        for label, key, form in _FIGURES:
            table.add_row(label, *(_figure(found, key, form) for found in metrics))
        table.add_row("rows (positive)", *(f"{found['n']:,} ({found['n_positive']:,})" if "n" in found else "-" for found in metrics))
        table.add_row("verdict", *(str(found.get("verdict", "-")).replace("_", " ") for found in metrics))
        table.add_row("model", *(str(found.get("model_id", "-")) for found in metrics))
        champions = [read_json(paths.models / name / "champion.json") for name in targets]
        table.add_row("champion", *(str(found.get("model_id", "none")) for found in champions))
        console.print(table)
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


def print_backtest(config: CompanyConfig, paths: CompanyPaths, cutoffs: Sequence[str]) -> None:
    """Print one row per cutoff and target: how good the model of that month would have been."""
    table = Table(title=f"{config.title}: backtest", title_justify="left")
    for column in ("cutoff", "target", *(label for label, _, _ in _FIGURES), "verdict"):
        table.add_column(column, justify="left" if column in ("cutoff", "target", "verdict") else "right")
    for cutoff in cutoffs:
        for target in config.targets:
            found = read_json(paths.reports / cutoff / target.name / "metrics.json")
            if found:
                figures = (_figure(found, key, form) for _, key, form in _FIGURES)
                table.add_row(cutoff, target.name, *figures, str(found.get("verdict", "-")).replace("_", " "))
    Console(soft_wrap=True).print(table)


def read_json(path: Path) -> Mapping[str, Any]:
    """Content of a JSON file; empty when there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _figure(metrics: Mapping[str, Any], key: str, form: str) -> str:
    value, low, high = metrics.get(key), metrics.get(f"{key}_lo"), metrics.get(f"{key}_hi")
    if value is None:
        return "-"
    interval = f" [{form.format(low)}, {form.format(high)}]" if low is not None and high is not None else ""
    return form.format(value) + interval
