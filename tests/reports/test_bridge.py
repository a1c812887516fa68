"""From all accounts on file to those of a page: counted by hand, said in one sentence, silent where nobody is left out."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from clv_platform.config import CompanyConfig, Target
from clv_platform.reports.bridge import bridge_to_asked, bridge_to_described, bridge_to_history, count_accounts
from clv_platform.reports.words import are, counted


def test_accounts_that_came_after_the_cutoff_are_not_on_file_and_undated_ones_are(tmp_path: Path) -> None:
    days = pd.DataFrame({"signed_up_at": ["2024-01-01", "", "2025-05-01", ""], "first_event_at": ["", "2024-02-01", "2025-02-01", ""]})
    days.apply(pd.to_datetime).to_parquet(tmp_path / "dim_accounts.parquet")
    assert count_accounts(tmp_path, date(2025, 2, 2)) == 4
    assert count_accounts(tmp_path, date(2025, 2, 1)) == 3
    assert count_accounts(tmp_path, None) == 4
    assert count_accounts(tmp_path / "none", None) is None


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ({"name": "u", "kind": "upgrade"}, "they have the highest plan or none, or rules of the config"),
        ({"name": "c", "kind": "churn"}, "they have no subscription that could end, or"),
        ({"name": "s", "kind": "churn", "churn_means": "silent", "activity": ["orders"]}, "they had fallen silent before, or"),
        ({"name": "v", "kind": "value"}, "no subscription running and no purchase"),
        ({"name": "f", "kind": "churn", "label_column": "gone"}, "they left already, or"),
    ],
)
def test_each_kind_of_question_says_whom_it_leaves_out(target: dict, why: str) -> None:
    text = bridge_to_asked(10_002, 4_214, Target.model_validate(target))
    assert text.startswith("Of 10,002 accounts on file, 5,788 are not among these: ")
    assert why in text


def test_nothing_is_said_where_nobody_is_left_out_or_the_number_is_unknown(config: CompanyConfig) -> None:
    target = Target(name="churn", kind="churn")
    for n_on_file, n in ((10, 10), (None, 5), (10, None), (10, 0)):
        assert (
            bridge_to_asked(n_on_file, n, target)
            == bridge_to_described(n_on_file, n, config)
            == bridge_to_history(n_on_file, n, target)
            == ""
        )
    assert "1 is not among these: no question of the config can be asked of them" in bridge_to_described(10, 9, config)
    assert "they had no subscription that counts in that time" in bridge_to_history(10, 8, target)


def test_a_count_of_one_takes_the_singular() -> None:
    assert [counted(n, "account") for n in (0, 1, 2, 1234)] == ["0 accounts", "1 account", "2 accounts", "1,234 accounts"]
    assert counted(2, "box", "boxes") == "2 boxes"
    assert (are(1), are(0), are(2)) == ("is", "are", "are")
