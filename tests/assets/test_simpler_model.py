"""Where leavers are a weighted sum away, the regression goes through every stage: judged, promoted, explained, scoring, run again."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from dagster import DagsterInstance, materialize

from assets.backtest import build_backtest_asset
from assets.company import Company, load_company
from assets.evaluation import build_evaluation_asset
from assets.explain import build_explanations_asset
from assets.models import build_model_asset
from assets.partitions import UNDATED, register_cutoff
from assets.scores import build_scores_asset
from assets.targets import TargetRoom
from clv_platform.contracts.features import build_feature_catalogue
from clv_platform.models import load_champion, read_decisions
from clv_platform.models.store import ModelStoreError
from clv_platform.settings import PROJECT_ROOT, Settings
from clv_platform.warehouse import read_parquet

LOADED = {"tables": [], "observed_from": None, "observed_until": None, "data_hash": "d", "warnings": []}
COLUMNS = ("calls", "visits", "seats", "age")


def open_company(folder, n: int = 900) -> Company:
    """One flat table whose leavers are a weighted sum of four columns away, as marts."""
    config = {
        "name": "linear",
        "title": "Leavers by a weighted sum",
        "sources": {
            "account_snapshots": {"files": "accounts.csv", "columns": {"account_id": "id"}},
            "accounts": {"derive_from": "account_snapshots"},
        },
        "snapshots": {"is_undated": True},
        "snapshot_columns": {name: {"label": name} for name in COLUMNS},
        "targets": [{"name": "churn", "kind": "churn", "label_column": "left", "n_folds": 3, "fold_seeds": [0]}],
        "training": {
            "n_bootstraps": 60,
            "comparators": [],
            "arms": ["none"],
            "tuning": {"trials": 0},
            "lightgbm": {"num_iterations": 60, "n_bags": 1, "learning_rate": 0.1},
        },
    }
    (folder / "linear.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    company = load_company(folder / "linear.yaml", Settings(folder / "linear.yaml", folder / "data", PROJECT_ROOT, 1, "1GB", None))
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, len(COLUMNS)))
    y = (rng.random(n) < 1 / (1 + np.exp(1.5 - X @ np.array([1.2, -1.0, 0.8, 0.6])))).astype(int)
    keys = {"account_id": [f"A{i:04d}" for i in range(n)], "as_of_date": pd.NaT, "is_eligible": True}
    frame = pd.DataFrame(X, columns=list(COLUMNS)).assign(**keys, y_churn=y)
    company.paths.marts.mkdir(parents=True)
    frame.to_parquet(company.paths.marts / "fct_churn_examples.parquet", index=False)
    values = pd.DataFrame({"target_name": "churn", "label_value": ["1", "0"], "n_rows": [int(y.sum()), int(n - y.sum())]})
    values.to_parquet(company.paths.marts / "int_label_values.parquet", index=False)
    (company.paths.root / "raw_load.json").write_text(json.dumps(LOADED), encoding="utf-8")
    return company


def run(company: Company, instance: DagsterInstance, cutoff: str = UNDATED) -> None:
    builders = (build_model_asset, build_evaluation_asset, build_explanations_asset, build_scores_asset, build_backtest_asset)
    register_cutoff(instance, company, cutoff)
    assets = [build(company, company.config.targets[0]) for build in builders]
    assert materialize(assets, instance=instance, partition_key=cutoff).success


def open_dated_company(folder, n: int = 200) -> Company:
    """CDNOW's config with invented rows: silence is a weighted sum of two features away, at ten dates."""
    config = yaml.safe_load((PROJECT_ROOT / "config" / "cdnow.yaml").read_text(encoding="utf-8"))
    config["targets"] = [target for target in config["targets"] if target["kind"] == "churn"]
    quick = {"num_iterations": 40, "n_bags": 1, "learning_rate": 0.1}
    config["training"] = {"n_bootstraps": 60, "comparators": [], "tuning": {"trials": 0}, "arms": ["none"], "lightgbm": quick}
    config["review"] = {"use_corrected_labels": True}
    path = folder / "dated.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    company = load_company(path, Settings(path, folder / "data", PROJECT_ROOT, 1, "1GB", None))
    rng = np.random.default_rng(1)
    dates = pd.date_range("1997-09-01", "1998-06-01", freq="MS")
    n_rows = n * len(dates)
    frame = pd.DataFrame({feature.name: rng.normal(size=n_rows) for feature in build_feature_catalogue(company.config)})
    log_odds = -1.0 + 1.2 * frame.iloc[:, 0] - 1.0 * frame.iloc[:, 1]
    y = (rng.random(n_rows) < 1 / (1 + np.exp(-log_odds))).astype(float)
    frame["account_id"], frame["as_of_date"] = np.tile([f"A{i:04d}" for i in range(n)], len(dates)), np.repeat(dates, n)
    frame["is_eligible"] = True
    frame["y_churn_90d"] = np.where(frame["as_of_date"] + pd.Timedelta(days=90) <= pd.Timestamp("1998-07-01"), y, np.nan)
    company.paths.marts.mkdir(parents=True)
    frame.to_parquet(company.paths.marts / "fct_churn_examples.parquet", index=False)
    correct(frame).to_parquet(company.paths.marts / "fct_label_corrections.parquet", index=False)
    (company.paths.root / "raw_load.json").write_text(json.dumps(LOADED), encoding="utf-8")
    return company


def correct(frame: pd.DataFrame) -> pd.DataFrame:
    """Proposals for the first account: of a training row, of a test row, and one that came after the cutoff."""
    days = {"1997-10-01": "1998-05-01", "1998-03-01": "1998-05-01", "1997-11-01": "1998-07-01"}
    rows = frame[(frame["account_id"] == "A0000") & frame["as_of_date"].isin([pd.Timestamp(day) for day in days])]
    recorded = rows["y_churn_90d"].astype("Int64")
    return pd.DataFrame(
        {
            "feedback_id": [f"f{k}" for k in range(len(rows))], "target": "churn", "account_id": rows["account_id"],
            "as_of_date": rows["as_of_date"], "proposed_label": "left", "corrected_label": 1 - recorded, "recorded_label": recorded,
            "taken_up_at": pd.to_datetime([days[f"{day:%Y-%m-%d}"] for day in rows["as_of_date"]]), "status": "counts",
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def linear(tmp_path_factory):
    company = open_company(tmp_path_factory.mktemp("linear"))
    stale = TargetRoom(company, company.config.targets[0]).report_folder(UNDATED) / "backtest.html"
    stale.parent.mkdir(parents=True)
    stale.write_text("made by an older version")
    with DagsterInstance.ephemeral() as instance:
        run(company, instance)
    return company


def test_a_page_of_earlier_months_that_an_older_version_made_is_gone(linear):
    folder = TargetRoom(linear, linear.config.targets[0]).report_folder(UNDATED)
    assert (folder / "backtest.parquet").is_file()
    assert not (folder / "backtest.html").exists()


def test_the_regression_is_promoted_and_every_file_is_about_it(linear):
    room = TargetRoom(linear, linear.config.targets[0])
    folder, champion = room.report_folder(UNDATED), load_champion(room.models_root)
    assert champion is not None
    assert champion.manifest.kind == "logistic_regression"
    model_id = champion.manifest.model_id
    assert room.trained_ids(UNDATED)[1] == model_id
    gate, metrics = (json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in ("gate", "metrics"))
    assert (gate["verdict"], gate["model_id"], metrics["model_id"]) == ("promoted", model_id, model_id)
    assert metrics["model_kind"] == "logistic_regression"
    assert gate["reasons"][0].startswith(("A tie goes to the simpler model", "Simpler, and better beyond chance"))
    board = read_parquet(folder / "leaderboard.parquet").set_index("model")["kind"].to_dict()
    assert board == {"model": "model", "prevalence": "baseline", "best_single_column": "baseline", "lightgbm": "comparator"}
    assert (room.models_root / model_id / "out_of_fold.parquet").is_file()
    assert room.load_judged(UNDATED).manifest.model_id == model_id


def test_its_explanations_and_scores_come_from_the_coefficients(linear):
    room = TargetRoom(linear, linear.config.targets[0])
    importance = read_parquet(room.report_folder(UNDATED) / "importance.parquet")
    assert importance["feature"].tolist()[0] == "calls"
    assert set(importance["feature"]) == set(COLUMNS)
    assert (importance.set_index("feature")["direction"].loc[["calls", "visits"]].to_numpy() * [1, -1] > 0.95).all()
    scores = room.read_scores(UNDATED)
    assert scores is not None
    assert set(scores["model_id"]) == {room.trained_ids(UNDATED)[1]}
    assert scores["reasons_up"].str.len().max() > 0


def test_data_without_dates_have_no_page_of_earlier_months(linear):
    folder = TargetRoom(linear, linear.config.targets[0]).report_folder(UNDATED)
    assert read_parquet(folder / "backtest.parquet").empty
    assert not (folder / "backtest.html").exists()


def test_the_same_run_again_decides_the_same(linear):
    room = TargetRoom(linear, linear.config.targets[0])
    before = load_champion(room.models_root)
    gate = (room.report_folder(UNDATED) / "gate.json").read_text(encoding="utf-8")
    with DagsterInstance.ephemeral() as instance:
        run(linear, instance)
    assert load_champion(room.models_root) == before
    assert (room.report_folder(UNDATED) / "gate.json").read_text(encoding="utf-8") == gate
    assert len({decision.model_id for decision in read_decisions(room.models_root)}) == 1


def test_dated_rows_are_judged_on_their_last_dates_and_scored_by_the_regression(tmp_path):
    company, cutoff = open_dated_company(tmp_path), "1998-07-01"
    with DagsterInstance.ephemeral() as instance:
        run(company, instance, cutoff)
    room = TargetRoom(company, company.config.targets[0])
    metrics = json.loads((room.report_folder(cutoff) / "metrics.json").read_text(encoding="utf-8"))
    assert (metrics["model_kind"], metrics["verdict"]) == ("logistic_regression", "promoted")
    assert metrics["split"].startswith("time_last_")
    assert metrics["pr_auc_account_disjoint"] == pytest.approx(metrics["pr_auc_account_disjoint_same_rows"], abs=0.05)
    scores = room.read_scores(cutoff)
    assert scores is not None
    assert set(scores["model_id"]) == {metrics["model_id"]} == {room.trained_ids(cutoff)[1]}
    assert (metrics["n_labels_corrected_training"], metrics["n_labels_corrected_test"]) == (1, 1)
    assert room.read_training(cutoff)["corrections"] == {"is_used": True, "n": 3, "n_later": 1, "n_test": 1, "n_training": 1}
    split, recorded = room.split(room.read_examples(), cutoff), room.read_examples()
    assert split is not None
    before = recorded.y[(recorded.account_id == "A0000") & (recorded.as_of_date == np.datetime64("1997-10-01"))]
    after = split.train.y[(split.train.account_id == "A0000") & (split.train.as_of_date == np.datetime64("1997-10-01"))]
    assert after == 1 - before
    predictions = read_parquet(room.report_folder(cutoff) / "predictions.parquet")
    test_row = predictions[(predictions["account_id"] == "A0000") & (predictions["as_of_date"] == "1998-03-01")]
    known = recorded.y[(recorded.account_id == "A0000") & (recorded.as_of_date == np.datetime64("1998-03-01"))]
    assert test_row["y_true"].tolist() == known.tolist()


def test_a_model_of_an_older_version_asks_for_a_retraining(tmp_path):
    company = open_dated_company(tmp_path, n=2)
    room = TargetRoom(company, company.config.targets[0])
    room.report_folder("1998-07-01").mkdir(parents=True)
    (room.report_folder("1998-07-01") / "training.json").write_text('{"model_id": "1998-07-01-0"}', encoding="utf-8")
    with pytest.raises(ModelStoreError, match=r"older version.*Run retrain_models_job first"):
        room.trained_ids("1998-07-01")
