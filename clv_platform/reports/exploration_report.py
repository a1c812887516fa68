"""The exploration report: what the data say before any model, for every company, a pure function of its tables and findings.

Here: the order of the page and the findings. What stands under the other headings is in `exploration_sections`, pictures are in
`exploration_figures`, readings in `exploration_words`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd

from clv_platform.config import CompanyConfig
from clv_platform.contracts.features import build_feature_catalogue
from clv_platform.exploration import Exploration
from clv_platform.reports import exploration_sections as sections_of
from clv_platform.reports import exploration_words
from clv_platform.reports.bridge import bridge_to_described
from clv_platform.reports.sections import Section, render_sections
from clv_platform.reports.sections.findings import findings_table
from clv_platform.reports.words import NBSP, day, whole
from clv_platform.warehouse import read_parquet

N_FINDINGS_SHOWN = 12
LARGE = 2.0  # ratio of a group's mean to the others' that is worth opening with


def render_exploration_report(config: CompanyConfig, found: Exploration, n_on_file: int | None = None) -> str:
    """Render the exploration of one company; `n_on_file` is the number of all accounts, explored or not.

    Returns
    -------
    str
        HTML without any address outside the page; the same inputs give the same text.
    """
    built = (build(config, found.tables) for build in sections_of.SECTIONS)
    shown = [_findings_section(found), *(section for section in built if section is not None)]
    shown.append(sections_of.build_notes_section(found.notes))
    notice = "" if found.as_of_date else "The data carry no dates: groups can be compared, nothing is said about time."
    detail = f"{_detail(found)} {bridge_to_described(n_on_file, found.n_accounts, config)}".strip()
    return render_sections(f"{config.title} · exploration", _headline(config, found), detail, shown, notice=notice)


def draw_exploration_pictures(config: CompanyConfig, found: Exploration) -> dict[str, bytes]:
    """Draw the pictures that show most for the Dagster UI: name to PNG bytes."""
    return {name: draw("png") for name, draw in sections_of.list_pictures(config, found.tables).items()}


def exploration_files(found: Exploration) -> dict[str, pd.DataFrame]:
    """Return the tables that lie beside the page as Parquet, by file name without suffix; empty ones are left out, but for the findings."""
    tables: Mapping[str, pd.DataFrame] = {field.name: getattr(found.tables, field.name) for field in fields(found.tables)}
    return {"findings": found.findings.frame} | {name: frame for name, frame in {**tables, "notes": found.notes}.items() if len(frame)}


def read_findings(reports: Path) -> dict[str, pd.DataFrame]:
    """Read the findings of one cutoff's report folder for the pages of its targets; empty where there was no exploration."""
    path = reports / "exploration" / "findings.parquet"
    return {"findings": read_parquet(path)} if path.is_file() else {}


def _headline(config: CompanyConfig, found: Exploration) -> str:
    statements = found.findings.frame
    if statements.empty:
        return f"Nothing stands out: none of {whole(found.findings.n_tests)} comparisons holds beyond chance."
    if len(statements) == 1:
        return f"One statement holds beyond chance. {statements['statement'].iloc[0]}"
    first = pick_headline(config, statements)
    lead = "The strongest" if first == 0 else "One to act on"
    return f"{len(statements)} statements hold beyond chance. {lead}: {statements['statement'].iloc[first]}"


def pick_headline(config: CompanyConfig, statements: pd.DataFrame) -> int:
    """Place of the statement that opens the page: the strongest that somebody without knowledge of models can act on.

    First come effects on a target by a column as it is in the data, then large differences between groups, then the like of computed
    columns (derived features, interactions, trends); relations, gaps and seasons open only where there is nothing else.
    """
    plain = {f.name for f in build_feature_catalogue(config) if f.group not in ("derived", "interactions") and "_trend_" not in f.name}
    is_target = statements["kind"].isin(["target_high", "target_low", "target_level"])
    is_large = (statements["kind"] == "metric") & (statements["context"] == "") & (np.abs(np.log(statements["effect"])) >= np.log(LARGE))
    is_plain = statements["subject"].isin(plain)
    for wanted in (is_target & is_plain, is_large & is_plain, is_target, is_large):
        if wanted.any():
            return int(np.flatnonzero(wanted.to_numpy())[0])
    return 0


def _detail(found: Exploration) -> str:
    by_group = found.tables.by_group
    dimensions = list(dict.fromkeys(by_group["dimension_label"])) if len(by_group) else []
    metrics = by_group["metric"].nunique() if len(by_group) else 0
    as_of = f" as of {day(found.as_of_date)}" if found.as_of_date else ""
    return exploration_words.describe(found.n_accounts, dimensions[1:], metrics, as_of)


def _findings_section(found: Exploration) -> Section:
    statements, n_tests = found.findings.frame, whole(found.findings.n_tests)
    if statements.empty:
        text = (
            f"{n_tests} comparisons were made: metrics, missing values and targets between groups, and over time. None of them is "
            "larger than chance makes the largest of so many, so nothing is said."
        )
        return Section("findings", "Findings", (text,))
    alpha = 100 * found.findings.alpha
    text = (
        f"Picked from {n_tests} comparisons, all of which were counted: of the statements below, at most {alpha:.0f}{NBSP}% are expected "
        f"to be chance (q, by Benjamini and Yekutieli). Intervals are widened because the statements were picked. Of several that say "
        f"the same, the strongest is kept ({whole(found.findings.n_supported)} passed). No statement is about a cause."
    )
    blocks = (text, findings_table(statements.head(N_FINDINGS_SHOWN), "Strongest first"))
    rest = statements.iloc[N_FINDINGS_SHOWN:]
    folded = ((f"{len(rest)} further statements", (findings_table(rest, "Weaker, but beyond chance"),)),) if len(rest) else ()
    return Section("findings", "Findings", blocks, folded)
