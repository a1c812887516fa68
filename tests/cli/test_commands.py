"""The command line: quick to answer, plain when something can't be done."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from clv_platform.settings import PROJECT_ROOT


def test_help_lists_the_commands(place):
    done = place.clv("--help")
    assert done.returncode == 0
    for name in ("backtest", "check", "clean", "cutoffs", "docs", "init", "models", "rollback", "run", "simulate"):
        assert f"  {name} " in done.stdout


def test_help_imports_nothing_heavy():
    heavy = ("dagster", "dbt", "duckdb", "lightgbm", "matplotlib", "numpy", "pandas", "pydantic", "rich", "sklearn", "yaml")
    code = f"import sys, clv_platform.cli; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, text=True, capture_output=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_answers_within_half_a_second(place):
    # The work of the process, not the time on the wall: other programs may be busy.
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    place.clv("--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("run", "--config", "nowhere.yaml"), "nowhere.yaml: no such config file."),
        (("run", "--target", "upgrad"), "--target upgrad: no such target in"),
        (("run", "--cutoff", "undated"), "--cutoff undated: this company needs a date such as 2026-01-01."),
        (("run", "--cutoff", "2027-01-01"), "--cutoff 2027-01-01: after the end of the data (2026-01-01, `observed_until` in"),
        (("run", "--cutoff", "soon"), "expected a date such as 2026-01-01"),
        (("backtest", "--target", "upgrad"), "--target upgrad: no such target in"),
        (("backtest", "--from", "2025-12-01", "--to", "2025-11-01"), "--from 2025-12-01 lies after --to 2025-11-01."),
        (("rollback", "--target", "upgrade"), "no model is in use, so there is nothing to go back from"),
        (("rollback", "--target", "upgrad"), "--target upgrad: no such target; there are: upgrade"),
        (("models", "--target", "upgrad"), "--target upgrad: no such target; there are: upgrade"),
        (("init", "nowhere"), "nowhere"),
        (("simulate", "--months", "0"), "0 is not in the range x>=1"),
    ],
)
def test_what_cannot_be_done_is_one_plain_message(place, args, told):
    done = place.clv(*args)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_typo_in_the_config_names_the_key(place):
    place.config.write_text(place.config.read_text(encoding="utf-8") + "\ncurency: USD\n", encoding="utf-8")
    done = place.clv("run")
    assert done.returncode == 2
    assert "unknown key `curency`. Did you mean `currency`?" in done.stderr


def test_clean_without_state_has_nothing_to_do(place):
    done = place.clv("clean")
    assert (done.returncode, done.stdout.strip()) == (0, "nothing to remove")


def test_cutoffs_before_the_first_run(place):
    assert place.clv("cutoffs").stdout.strip() == "2026-01-01  (newest, no report yet)"


def test_check_reads_the_sources_and_writes_nothing(simulated):
    before = sorted(simulated.folder.rglob("*"))
    done = simulated.clv("check")
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout
    assert sorted(simulated.folder.rglob("*")) == before


def test_init_drafts_a_config_and_never_overwrites(place):
    files = place.folder / "files"
    files.mkdir()
    (files / "orders.csv").write_text("customer,date,amount\nA,2024-01-01,9.5\nB,2024-02-01,7.0\n", encoding="utf-8")
    done = place.clv("init", "files", "--out", "config/new.yaml")
    assert done.returncode == 0, done.stderr
    assert "orders" in (place.folder / "config" / "new.yaml").read_text(encoding="utf-8")
    again = place.clv("init", "files", "--out", "config/new.yaml")
    assert again.returncode == 2
    assert "there is a file already; it was not touched" in again.stderr


def test_no_file_here_reads_the_environment():
    for path in Path(PROJECT_ROOT / "clv_platform" / "cli").glob("*.py"):
        assert "environ" not in path.read_text(encoding="utf-8")
