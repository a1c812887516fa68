"""The demo company's files: what they hold, how they come about, and how they are switched in."""

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clv_platform.contracts.raw_tables import RAW_TABLES
from clv_platform.raw.simulation import SimulationSummary, simulate_company
from clv_platform.raw.simulation.writing import ParquetFolder

SIMULATED = sorted(set(RAW_TABLES) - {"account_snapshots"})
TIMES = {"text": "string", "integer": "int64", "number": "double", "money": "double", "boolean": "bool"}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> SimulationSummary:
    folder = tmp_path_factory.mktemp("company")
    return simulate_company(folder / "raw", n_accounts=2_500, n_months=12, seed=5)


def read(summary: SimulationSummary, name: str) -> pd.DataFrame:
    return pd.read_parquet(summary.out / f"{name}.parquet")


def hashes(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def test_every_raw_table_but_the_flat_one_is_written_and_counted(company: SimulationSummary) -> None:
    assert sorted(file.stem for file in company.out.iterdir()) == SIMULATED
    for name in SIMULATED:
        assert pq.read_metadata(company.out / f"{name}.parquet").num_rows == company.n_rows[name] > 0


@pytest.mark.parametrize("name", SIMULATED)
def test_columns_are_those_of_the_contract_with_its_types(company: SimulationSummary, name: str) -> None:
    schema = pq.read_schema(company.out / f"{name}.parquet")
    contract = {column.name: column.type for column in RAW_TABLES[name].columns}
    assert set(schema.names) | ({"recorded_at", "converted_at"} & set(contract)) == set(contract)
    for field in schema:
        kind = contract[field.name]
        if kind == "timestamp":
            assert field.type == pa.timestamp("us"), field.name
        elif kind in ("number", "money"):
            assert pa.types.is_floating(field.type) or pa.types.is_integer(field.type), field.name
        else:
            assert str(field.type) == TIMES[kind], field.name


def test_oracle_lies_beside_the_raw_files_and_not_in_them(company: SimulationSummary) -> None:
    assert company.oracle == company.out.parent / "oracle"
    assert sorted(file.name for file in company.oracle.iterdir()) == [
        "offer_effects.parquet",
        "truth.parquet",
        "truth_top_plan.parquet",
    ]
    for name in SIMULATED:
        assert not [c for c in pq.read_schema(company.out / f"{name}.parquet").names if c.startswith(("p_", "y_", "_"))]


@pytest.mark.parametrize("oracle", ["raw", "raw/oracle", "."])
def test_oracle_inside_or_around_the_raw_files_is_refused(tmp_path: Path, oracle: str) -> None:
    with pytest.raises(ValueError, match="apart from the raw files"):
        simulate_company(tmp_path / "raw", n_accounts=5, n_months=2, seed=0, oracle=tmp_path / oracle)


def test_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        simulate_company(tmp_path / name / "raw", n_accounts=300, n_months=6, seed=seed)
    assert hashes(tmp_path / "a" / "raw") == hashes(tmp_path / "b" / "raw")
    assert hashes(tmp_path / "a" / "oracle") == hashes(tmp_path / "b" / "oracle")
    different = hashes(tmp_path / "c" / "raw")
    assert all(different[name] != value for name, value in hashes(tmp_path / "a" / "raw").items())


def test_rows_of_an_account_depend_neither_on_the_number_of_accounts_nor_on_threads(tmp_path: Path) -> None:
    few = simulate_company(tmp_path / "few" / "raw", n_accounts=2_100, n_months=4, seed=9)
    many = simulate_company(tmp_path / "many" / "raw", n_accounts=4_300, n_months=4, seed=9, threads=2)
    for folder, names in (("raw", SIMULATED), ("oracle", ["truth", "truth_top_plan", "offer_effects"])):
        for name in names:
            left = pd.read_parquet(few.out.parent / folder / f"{name}.parquet")
            right = pd.read_parquet(many.out.parent / folder / f"{name}.parquet")
            if "account_id" in left:
                left, right = (x[x["account_id"].str.lstrip("X") <= "A0002100"] for x in (left, right))
            pd.testing.assert_frame_equal(left.reset_index(drop=True), right.reset_index(drop=True))


def test_everything_happens_before_the_end_and_behaviour_within_the_history(company: SimulationSummary) -> None:
    end, start = pd.Timestamp(company.end), pd.Timestamp(2025, 1, 1)
    for name in SIMULATED:
        frame = read(company, name)
        for column in frame.select_dtypes("datetime"):
            assert frame[column].max() < end, (name, column)
        happens_at = RAW_TABLES[name].happens_at
        if happens_at and name != "subscriptions":
            assert frame[happens_at].min() >= start, name
    assert read(company, "usage")["used_at"].nunique() == 12


def test_dirt_is_there_at_its_small_rates(company: SimulationSummary) -> None:
    accounts, usage, subscriptions = (read(company, name) for name in ("accounts", "usage", "subscriptions"))
    known = accounts["account_id"].dropna()
    n = len(usage)
    rates = {
        "no account": usage["account_id"].isna().sum() / n,
        "unknown account": (~usage["account_id"].dropna().isin(known)).sum() / n,
        "repeated": usage.duplicated(keep="first").sum() / n,
        "negative": (usage["value"] < 0).sum() / n,
        "no value": usage["value"].isna().sum() / n,
        "late": (usage["recorded_at"] - usage["used_at"] > pd.Timedelta(days=34)).sum() / n,
    }
    expected = {
        "no account": 0.0002,
        "unknown account": 0.0002,
        "repeated": 0.001,
        "negative": 0.0005,
        "no value": 0.004,
        "late": 0.02,
    }
    for kind, rate in expected.items():
        # A Poisson count of at least 30: half as many or twice as many would be over 2.7 standard deviations away.
        assert 0.5 * rate < rates[kind] < 2 * rate, kind
    assert (subscriptions["ended_at"] < subscriptions["started_at"]).any()
    assert set(accounts["territory"].str.strip().str.upper()) == {"T1", "T2", "T3"}
    assert not set(accounts["territory"]) <= {"T1", "T2", "T3"}
    for column in ("industry", "employee_range", "country", "channel"):
        assert 0.01 < accounts[column].isna().mean() < 0.06, column


def test_late_usage_arrives_one_to_three_months_after_its_date_and_the_rest_in_its_month(company: SimulationSummary) -> None:
    usage = read(company, "usage")
    delay = (usage["recorded_at"] - usage["used_at"]).dt.days
    late = delay > 34
    assert delay[late].max() <= 92
    assert (usage["recorded_at"] < usage["used_at"] + pd.offsets.MonthBegin(1))[~late].all()


def test_usage_months_are_missing_now_and_then(company: SimulationSummary) -> None:
    usage = read(company, "usage").dropna(subset="account_id").drop_duplicates(["account_id", "used_at", "metric"])
    per_metric = usage.groupby("account_id")["metric"].value_counts().unstack()
    span = usage.groupby("account_id")["used_at"].nunique()
    share = 1 - per_metric.sum(axis=1).sum() / (7 * span.sum())
    assert 0.01 < share < 0.05


def test_subscriptions_form_a_chain_on_known_plans_and_never_above_the_top(company: SimulationSummary) -> None:
    frame = read(company, "subscriptions").dropna(subset="account_id").drop_duplicates("subscription_id")
    assert set(frame["plan"]) == {"P1", "P2", "P3"}
    real = frame[~frame["subscription_id"].str.startswith("SX") & ~frame["account_id"].str.startswith("X")]
    real = real.sort_values(["account_id", "started_at"])
    following = real.groupby("account_id")["started_at"].shift(-1)
    has_next = following.notna()
    assert (real["ended_at"][has_next] == following[has_next]).all()
    assert (real["ended_at"].dropna() > real["started_at"][real["ended_at"].notna()]).all()
    assert real.groupby("account_id")["ended_at"].apply(lambda ended: ended.isna().sum()).max() == 1
    paid = real[~real["is_trial"]]
    steps = paid["plan"].str[1].astype(int).groupby(paid["account_id"]).diff().dropna()
    assert {1, -1} <= set(steps.astype(int))
    assert (steps != 0).all()


def test_invoices_follow_the_plan_and_refunds_are_negative(company: SimulationSummary) -> None:
    orders = read(company, "orders").dropna(subset="account_id").drop_duplicates("order_id")
    assert set(orders["category"]) == {"subscription", "add_on", "refund"}
    invoices = orders[orders["category"] == "subscription"]
    assert (invoices["ordered_at"].dt.day == 1).all()
    assert (orders.loc[orders["category"] == "refund", "amount"] < 0).all()
    open_rows = read(company, "subscriptions").dropna(subset="account_id").drop_duplicates("subscription_id")
    open_rows = open_rows[open_rows["ended_at"].isna() & ~open_rows["is_trial"] & (open_rows["started_at"] < "2025-12-01")]
    last = invoices[invoices["ordered_at"] == "2025-12-01"].merge(open_rows, on="account_id")
    assert len(last) > 1_000
    assert ((last["amount"] + last["discount"]) - last["mrr"]).abs().max() < 0.011


def test_some_accounts_are_very_old_or_hardly_used(company: SimulationSummary) -> None:
    accounts = read(company, "accounts")
    old = accounts[accounts["signed_up_at"] < pd.Timestamp(company.end) - pd.DateOffset(years=10)]
    assert 0.005 < len(old) / len(accounts) < 0.03
    posts = read(company, "usage").query("metric == 'posts'").groupby("account_id")["value"].mean()
    assert posts[posts.index.isin(old["account_id"])].median() < 1 < posts.median()


def test_controls_cost_nothing_and_answer_less_often(company: SimulationSummary) -> None:
    contacts = read(company, "campaign_contacts").drop_duplicates()
    controls = contacts[contacts["is_control"]]
    assert (controls["cost"] == 0).all()
    assert 0.2 < len(controls) / len(contacts) < 0.4
    assert controls["responded_at"].notna().mean() < contacts[~contacts["is_control"]]["responded_at"].notna().mean()
    assert contacts["revenue"].notna().equals(contacts["responded_at"].notna())


def test_words_fit_the_rating(company: SimulationSummary) -> None:
    feedback = read(company, "feedback").dropna(subset=["rating", "text"])
    assert feedback.loc[feedback["rating"] >= 4, "text"].str.contains("Great tool|Love|excellent").any()
    assert not feedback.loc[feedback["rating"] >= 4, "text"].str.contains("frustrating|terrible|Disappointed").any()
    assert not feedback.loc[feedback["rating"] <= 2, "text"].str.contains("Great tool|Love|excellent").any()


@pytest.mark.parametrize("months", [1, 2, 3])
def test_short_histories_work(tmp_path: Path, months: int) -> None:
    summary = simulate_company(tmp_path / "raw", n_accounts=3, n_months=months, seed=1, end=date(2024, 3, 1))
    assert summary.n_rows["accounts"] >= 3


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_accounts": 0}, "n_accounts: expected 1 to 9,999,999, found 0"),
        ({"n_months": 0}, "n_months must be at least 1, found 0"),
        ({"seed": -1}, "seed: expected 0 or more, found -1"),
        ({"threads": 0}, "threads: expected at least 1, found 0"),
        ({"end": date(2025, 5, 2)}, "end must be the first day of a month, found 2025-05-02: take 2025-05-01"),
    ],
)
def test_a_wrong_request_is_refused_in_words_and_writes_nothing(tmp_path: Path, wrong: dict[str, Any], message: str) -> None:
    request: dict[str, Any] = {"n_accounts": 3, "n_months": 2, "seed": 1} | wrong
    with pytest.raises(ValueError, match=message):
        simulate_company(tmp_path / "raw", **request)
    assert not list(tmp_path.iterdir())


def interrupt_while_writing(target: Path) -> None:
    with ParquetFolder(target) as folder:
        folder.append("t", pa.table({"x": [2]}))
        raise KeyboardInterrupt


def test_an_interrupted_run_leaves_the_old_files_and_the_next_one_clears_up(tmp_path: Path) -> None:
    target = tmp_path / "raw"
    piece = pa.table({"x": [1]})
    with ParquetFolder(target) as folder:
        folder.append("t", piece)
    with pytest.raises(KeyboardInterrupt):
        interrupt_while_writing(target)
    assert pq.read_table(target / "t.parquet").equals(piece)
    # A kill runs no clean-up: what it leaves behind is a hidden folder beside the old files.
    killed = ParquetFolder(target).__enter__()
    killed.append("t", pa.table({"x": [3]}))
    assert pq.read_table(target / "t.parquet").equals(piece)
    assert len(list(tmp_path.iterdir())) == 2
    with ParquetFolder(target) as folder:
        folder.append("t", pa.table({"x": [4]}))
    assert [item.name for item in tmp_path.iterdir()] == ["raw"]
    assert pq.read_table(target / "t.parquet")["x"].to_pylist() == [4]


def test_a_folder_with_other_files_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "notes.txt").write_text("keep me")
    with pytest.raises(FileExistsError, match="found other files"):
        simulate_company(tmp_path / "raw", n_accounts=3, n_months=2, seed=1)
    assert (tmp_path / "raw" / "notes.txt").read_text() == "keep me"
