"""Commands around a run: draft and check a config, simulate, clean up, write the docs."""

from __future__ import annotations

from pathlib import Path

from clv_platform.cli.messages import OK, UNUSABLE_INPUT, complain, say, with_plain_errors
from clv_platform.config import CompanyConfig, load_config
from clv_platform.settings import CompanyPaths, Settings, company_paths, load_settings


def load_company_config(config_path: Path | None) -> tuple[CompanyConfig, CompanyPaths, Settings]:
    """Config, folders and surroundings of the company that `--config`, else `CLV_CONFIG`, names."""
    settings = load_settings()
    config = load_config((config_path or settings.config_path).absolute(), settings)
    return config, company_paths(settings, config.name), settings


@with_plain_errors
def draft(folder: Path, out: Path | None) -> int:
    """`clv init`."""
    from clv_platform.raw import draft_config

    text = draft_config(folder)
    if out is None:
        say(text.rstrip())
        return OK
    if out.exists():
        complain(f"{out}: there is a file already; it was not touched. Give --out another name, or move the file away.")
        return UNUSABLE_INPUT
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    say(f"Drafted {out}. Read it, then: clv check --config {out}")
    return OK


@with_plain_errors
def simulate_demo(*, n_accounts: int, n_months: int, out: Path | None, seed: int, oracle: Path | None) -> int:
    """`clv simulate`."""
    from clv_platform.raw.simulation import simulate_company

    settings = load_settings()
    folder = out or company_paths(settings, "demo").root / "files"
    try:
        simulate_company(folder, n_accounts=n_accounts, n_months=n_months, seed=seed, oracle=oracle, threads=settings.threads)
    except ValueError as error:
        complain(str(error))
        return UNUSABLE_INPUT
    say(f"Simulated {n_accounts:,} accounts over {n_months} months (seed {seed}): {folder}")
    return OK


@with_plain_errors
def clean_company(config_path: Path | None, keep: int | None) -> int:
    """`clv clean`."""
    from clv_platform.reports import clean

    config, paths, _ = load_company_config(config_path)
    say(clean(paths, keep or config.keep_runs).describe())
    return OK


@with_plain_errors
def write_docs(config_path: Path | None, out: Path | None) -> int:
    """`clv docs`."""
    from assets.company import load_company
    from assets.manifest import run_dbt
    from clv_platform.contracts.features import build_feature_catalogue
    from clv_platform.reports.dbt_docs import build_docs_page
    from clv_platform.warehouse import replacing

    settings = load_settings()
    company = load_company((config_path or settings.config_path).absolute(), settings)
    target = company.paths.dbt_target / "docs"
    run_dbt(company, ["docs", "generate"], target)
    page = out or company.paths.root / "dbt_docs.html"
    html = build_docs_page(target, build_feature_catalogue(company.config), target / "index.html")
    with replacing(page) as unfinished:
        unfinished.write_text(html, encoding="utf-8")
    say(f"Docs: {page}")
    return OK


@with_plain_errors
def check_company(config_path: Path | None) -> int:
    """`clv check`."""
    from clv_platform.raw import check_sources

    config, _, settings = load_company_config(config_path)
    found = check_sources(config, settings)
    say(found.render())
    return OK if found.is_good else UNUSABLE_INPUT
