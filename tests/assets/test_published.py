"""What a run publishes: scores of the targets that were asked about, and nothing in the name of the others."""

import json

import pandas as pd

from assets.reports import read_newest_scores

CUTOFF = "2026-01-01"


def write_scores(company, targets: dict[str, int]) -> None:
    rows = [{"target": name, "account_id": f"a{i}", "score_rank": i + 1} for name, n in targets.items() for i in range(n)]
    folder = company.paths.root / "reporting"
    folder.mkdir(parents=True)
    pd.DataFrame(rows, columns=["target", "account_id", "score_rank"]).to_parquet(folder / "rpt_target_scores.parquet")


def test_a_target_that_no_run_has_asked_about_is_not_published(company):
    write_scores(company, {"upgrade": 2})
    assert list(read_newest_scores(company, CUTOFF)) == ["upgrade"]


def test_a_target_whose_model_failed_its_gate_is_published_empty(company):
    write_scores(company, {"upgrade": 2})
    folder = company.paths.reports / CUTOFF / "churn"
    folder.mkdir(parents=True)
    (folder / "training.json").write_text(json.dumps({"model_id": "m"}))
    found = read_newest_scores(company, CUTOFF)
    assert {name: len(scores) for name, scores in found.items()} == {"upgrade": 2, "churn": 0}
