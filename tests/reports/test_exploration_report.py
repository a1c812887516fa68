"""The exploration page of a planted company: what a reader sees, and what nobody may see."""

from __future__ import annotations

import importlib
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clv_platform.exploration import Exploration, build_tables, find_findings
from clv_platform.exploration.notes import build_notes
from clv_platform.reports import draw_exploration_pictures, exploration_files, read_findings, render_exploration_report
from clv_platform.reports.exploration_report import pick_headline
from clv_platform.reports.exploration_sections import _outlier_table
from clv_platform.reports.sections.findings import build_findings

sys.path.insert(0, str(Path(__file__).parents[1] / "exploration"))
planted: Any = importlib.import_module("planted")
N, as_frames, build_accounts, build_config = planted.N, planted.as_frames, planted.build_accounts, planted.build_config


def _explore(**changes: object) -> Exploration:
    accounts, rng = build_accounts(0), np.random.default_rng(0)
    accounts.loc[accounts["territory"] == "T3", "users"] *= 3
    y = rng.random(N) < np.where(accounts["users"] > accounts["users"].quantile(0.8), 0.3, 0.1)
    config, frames = build_config(**changes), as_frames(accounts, y)
    tables = build_tables(config, frames)
    return Exploration(None, N, tables, find_findings(config, frames), build_notes(config, frames, tables))


@pytest.fixture(scope="module")
def found() -> Exploration:
    return _explore()


@pytest.fixture(scope="module")
def page(found: Exploration) -> str:
    return render_exploration_report(build_config(), found)


def test_the_page_opens_with_a_statement_to_act_on_and_shows_each_with_an_action(found: Exploration, page: str) -> None:
    statements = found.findings.frame
    headline = re.search(r'class="headline">(.*?)</p>', page)
    assert headline
    assert str(statements["statement"].iloc[pick_headline(build_config(), statements)])[:40] in headline.group(1)
    assert len(statements) >= 2
    for text in [*statements["action"]]:
        assert text.split(";")[0].split("'")[0][:40] in page


def test_every_picture_has_a_reading_and_the_page_asks_no_address(page: str) -> None:
    figures = re.findall(r"<figure>.*?</figure>", page, flags=re.DOTALL)
    assert len(figures) >= 6
    for figure in figures:
        reading = re.search(r"<figcaption>(.*?)</figcaption>", figure, flags=re.DOTALL)
        assert reading
        assert len(reading.group(1)) > 20
    assert not re.search(r'(src|href)="(?!#|\.\./index)', page)
    assert "nan" not in re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL).lower().split()


def test_limits_are_shown_only_where_a_value_lies_beyond_one() -> None:
    outliers = pd.DataFrame(
        {"metric": ["a", "b"], "label": ["a", "b"], "unit": ["", ""], "median": [1.0, 1.0], "p99": [2.0, 2.0], "maximum": [3.0, 9000.0],
         "limit": [20000.0, 20.0], "n_outliers": [0, 1], "top_share": [0.1, 0.9]}
    )  # fmt: skip
    table = _outlier_table(outliers)
    assert [[cell.text for cell in row[-2:]] for row in table.rows] == [["–", "–"], ["20", "1"]]
    assert "implausible above" not in _outlier_table(outliers.head(1)).header


def test_the_same_inputs_give_the_same_page(found: Exploration, page: str) -> None:
    assert render_exploration_report(build_config(), found) == page


def test_a_private_column_is_nowhere_on_the_page() -> None:
    config = {"private": ["users"]}
    text = render_exploration_report(build_config(**config), _explore(**config))
    assert "users" not in text


def test_nothing_to_say_is_said(found: Exploration) -> None:
    nothing = replace(found.findings, frame=found.findings.frame.head(0))
    text = render_exploration_report(build_config(), replace(found, findings=nothing))
    assert "Nothing stands out" in text


def test_findings_lie_beside_the_page_and_come_back_for_the_targets(found: Exploration, tmp_path: Path) -> None:
    (tmp_path / "exploration").mkdir()
    files = exploration_files(found)
    files["findings"].to_parquet(tmp_path / "exploration" / "findings.parquet")
    back = read_findings(tmp_path)["findings"]
    pd.testing.assert_frame_equal(back, found.findings.frame)
    assert read_findings(tmp_path / "elsewhere") == {}
    assert {"by_group", "pairs", "mix", "missing", "correlations", "outliers", "target_features"} <= set(files)


def test_a_target_s_report_shows_its_own_findings_only(found: Exploration) -> None:
    inputs: Any = SimpleNamespace(target=build_config().targets[0], extras={"findings": found.findings.frame})
    section = build_findings(inputs)
    assert section
    table: Any = section.blocks[1]
    shown = {row[1].text.replace("\u00a0", " ") for row in table.rows}
    own = found.findings.frame.query("target == 'upgrade'")["statement"].head(5)
    assert shown == {text.replace("\u00a0", " ") for text in own}
    inputs.extras = {"findings": found.findings.frame.query("target != 'upgrade'")}
    assert build_findings(inputs) is None


def test_pictures_for_the_ui_are_png(found: Exploration) -> None:
    drawn = draw_exploration_pictures(build_config(), found)
    assert {"mix", "profile", "missing", "correlations"} <= set(drawn)
    assert all(picture.startswith(b"\x89PNG") for picture in drawn.values())


def test_a_relation_between_columns_opens_nothing_where_an_effect_on_a_target_is_there() -> None:
    config = build_config(derived_features={"users_twice": "users * 2"})
    rows = [
        ("target_relation", "users", "upgrade", "T3", 0.02),
        ("target_high", "users_twice", "upgrade", "", 12.0),
        ("metric", "users", "", "", 0.7),
        ("target_low", "users", "upgrade", "", 3.0),
    ]
    frame = pd.DataFrame([dict(zip(("kind", "subject", "target", "context", "effect"), row, strict=True)) for row in rows])
    assert pick_headline(config, frame) == 3
    assert pick_headline(config, frame.head(3)) == 1  # a computed column rather than a relation
    assert pick_headline(config, frame.iloc[[0, 2]]) == 0
    assert pick_headline(config, frame.iloc[[0, 2]].assign(effect=[0.02, 0.4])) == 1
