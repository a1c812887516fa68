"""A backtest whose process is killed: what it had finished stays as it is, and the same command goes on with the rest."""

import json
import shutil

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
COMMAND = ("backtest", "--from", "2025-11-01", "--to", "2025-12-01", "--target", "upgrade", "--no-progress")


def test_a_killed_backtest_keeps_its_finished_months_and_goes_on_with_the_next(simulated, place):
    shutil.copytree(simulated.state / "files", place.state / "files")
    process = place.start(*COMMAND)
    is_second_month = False
    for line in process.stderr:
        is_second_month |= line.startswith("2025-12-01: upgrade")
        if is_second_month and "  upgrade_model  " in line.replace("models__", ""):
            break
    else:
        raise AssertionError("the backtest ended before the second month's model")
    process.kill()  # SIGKILL: no word, no tidying up
    process.communicate(timeout=60)
    first, second = (place.state / "reports" / month / "upgrade" / "metrics.json" for month in ("2025-11-01", "2025-12-01"))
    kept = (first.read_bytes(), first.stat().st_mtime_ns)
    assert not second.exists()

    done = place.clv(*COMMAND)

    assert done.returncode == 0, done.stderr
    assert "had been killed; it is marked as failed" in done.stderr
    assert "2025-11-01: finished before, kept." in done.stderr
    assert "2025-12-01: finished before, kept." not in done.stderr
    assert (first.read_bytes(), first.stat().st_mtime_ns) == kept
    assert json.loads(second.read_text(encoding="utf-8"))["model_id"].startswith("2025-12-01")
    assert not (place.state / "models" / "upgrade" / "champion.json").exists()  # an older month promotes nothing
    page = place.state / "reports" / "2025-12-01" / "upgrade" / "backtest.html"
    assert f"upgrade backtest   {page}" in done.stdout
    assert "2 models, one as of each month" in page.read_text(encoding="utf-8")
