"""`clv models`, `clv rollback`: which models there are, which one is used and why, and going back to an earlier one."""

from __future__ import annotations

import getpass
from pathlib import Path

from clv_platform.cli.messages import OK, say, with_plain_errors
from clv_platform.cli.results import read_json
from clv_platform.cli.run import RequestError
from clv_platform.config import CompanyConfig, load_config
from clv_platform.settings import CompanyPaths, company_paths, load_settings

_KIND_WORDS = {"lightgbm": "boosted trees", "logistic_regression": "logistic regression"}


@with_plain_errors
def list_models(config_path: Path | None, *, targets: tuple[str, ...]) -> int:
    """Print every stored model per target, newest first, with what the gate said; the one in use is marked."""
    config, paths = _open(config_path)
    for name in [_known(config, name) for name in targets] or [target.name for target in config.targets]:
        _list_target(paths, name, config.target(name).kind)
    return OK


@with_plain_errors
def roll_back(config_path: Path | None, *, target: str | None, to: str | None, why: str) -> int:
    """Use an earlier champion again; exit code 2 with one message when that makes no sense."""
    from clv_platform.models import read_champion, rollback

    config, paths = _open(config_path)
    if target is None and len(config.targets) != 1:
        raise RequestError(f"--target: say which one of {', '.join(t.name for t in config.targets) or 'none'} to go back for.")
    name = _known(config, target or config.targets[0].name)
    root = paths.models / name
    before = read_champion(root)
    champion = rollback(root, to, by=getpass.getuser(), why=why)
    say(f"{name}: the model in use is {champion.model_id} again, instead of {before.model_id if before else 'none'}.")
    say(f"Who and why is written down in {root / 'decisions.jsonl'}.")
    say("The published list is still the old one: `clv run` makes the new one. `clv rollback --to` goes forward again.")
    return OK


def _list_target(paths: CompanyPaths, target: str, kind: str) -> None:
    from rich.console import Console
    from rich.table import Table

    from clv_platform.models import read_champion, read_decisions, withdrawal_of

    root = paths.models / target
    manifests = [read_json(folder / "manifest.json") for folder in sorted(root.glob("[!.]*")) if (folder / "manifest.json").is_file()]
    if not manifests:
        say(f"{target}: no model yet. `clv run` trains one.")
        return
    champion, decisions = read_champion(root), read_decisions(root)
    used_before = [entry["model_id"] for entry in champion.previous] if champion else []
    table = Table(title=f"{target}: models, newest first", title_justify="left")
    label, key = ("Gini", "ngini") if kind == "value" else ("PR-AUC", "pr_auc")
    for column in ("", "model", "kind", "cutoff", label, "what the gate said"):
        table.add_column(column, overflow="fold", no_wrap=column == "model")  # people copy it into `--to`
    for manifest in sorted(manifests, key=lambda found: (found["cutoff"], found["model_id"]), reverse=True):
        model_id = manifest["model_id"]
        mark = "in use" if champion and model_id == champion.model_id else "before" if model_id in used_before else ""
        mark = "taken out" if withdrawal_of(decisions, model_id) else mark
        judged = [decision for decision in decisions if decision.kind == "gate" and decision.model_id == model_id]
        said = f"{judged[-1].verdict.replace('_', ' ')}{'' if judged[-1].is_applied else ' (backtest)'}" if judged else "-"
        metrics = read_json(paths.reports / manifest["cutoff"] / target / "metrics.json")
        figure = f"{metrics[key]:.3f}" if metrics.get("model_id") == model_id and metrics.get(key) is not None else "-"
        table.add_row(mark, model_id, _KIND_WORDS.get(manifest["kind"], manifest["kind"]), manifest["cutoff"], figure, said)
    Console(soft_wrap=True).print(table)
    last = [decision for decision in decisions if decision.is_applied]
    if last:
        say(f"Last decision: {last[-1].reasons[0] if last[-1].reasons else last[-1].verdict}")


def _open(config_path: Path | None) -> tuple[CompanyConfig, CompanyPaths]:
    settings = load_settings()
    config = load_config((config_path or settings.config_path).absolute(), settings)
    return config, company_paths(settings, config.name)


def _known(config: CompanyConfig, name: str) -> str:
    known = [target.name for target in config.targets]
    if name not in known:
        raise RequestError(f"--target {name}: no such target; there are: {', '.join(known) or 'none'}.")
    return name
