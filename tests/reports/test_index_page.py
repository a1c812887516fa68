"""The list of a run's pages: what is there, in the order of interest, each with its answer; and the way back from every page."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from clv_platform.config import CompanyConfig
from clv_platform.reports import DataReportInputs, render_data_report, write_index
from clv_platform.reports.sections import render_sections
from clv_platform.reports.sections.backtest import render_backtest


def put(folder: Path, name: str, title: str, headline: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_sections(title, headline, "", ()), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path, "data/report.html", "Little company · the data", "All rows are used.")
    put(tmp_path, "churn/history.html", "Little company · history of departures", "12 left.")
    put(tmp_path, "churn/report.html", "Little company · departures · as of 1 May 2026", "Save <these> & those.")
    put(tmp_path, "exploration/report.html", "Little company · exploration", "Nothing stands out.")
    return tmp_path


def links(html: str) -> list[str]:
    return re.findall(r'<a href="([^"]*)"', html)


def test_pages_are_listed_targets_first_and_every_link_leads_somewhere(folder: Path) -> None:
    html = write_index(folder).read_text(encoding="utf-8")
    assert links(html) == ["churn/report.html", "churn/history.html", "exploration/report.html", "data/report.html"]
    assert all((folder / link).is_file() for link in links(html))


def test_each_page_stands_with_its_headline_and_without_the_companys_name(folder: Path) -> None:
    html = write_index(folder).read_text(encoding="utf-8")
    assert '<dt><a href="churn/report.html">Departures · as of 1 May 2026</a></dt><dd>Save &lt;these&gt; &amp; those.</dd>' in html
    assert re.search(r"<h1>Little company", html)


def test_a_later_page_joins_the_list(folder: Path) -> None:
    write_index(folder)
    put(folder, "churn/backtest.html", "Little company · backtest of churn", "In every month better than chance.")
    assert "churn/backtest.html" in links(write_index(folder).read_text(encoding="utf-8"))


def test_unfinished_and_hidden_files_are_no_pages(folder: Path) -> None:
    put(folder, "churn/.report.html.1234.unfinished", "x", "y")
    put(folder, ".old/report.html", "x", "y")
    assert len(links(write_index(folder).read_text(encoding="utf-8"))) == 4


def test_every_page_leads_back_to_the_list_and_a_targets_page_to_its_report(config: CompanyConfig) -> None:
    import pandas as pd

    assert links(render_data_report(DataReportInputs(config))) == ["../index.html"]
    assert links(render_sections("t", "h", "d", ())) == ["../index.html"]
    page = unescape(render_backtest(config, config.targets[0], pd.DataFrame({"cutoff": []}), pd.DataFrame()))
    assert links(page) == ["../index.html", "report.html"]
