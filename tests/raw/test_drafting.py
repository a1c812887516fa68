"""Drafted configs load as they are and guess what an attentive reader would."""

from __future__ import annotations

import pandas as pd
import pytest

from clv_platform.config import CompanyConfig, load_config
from clv_platform.contracts.dbt_vars import positive_texts
from clv_platform.raw import RawDataError, RawLoad, check_sources, draft_config, load_raw


def drafted(company) -> tuple[str, CompanyConfig, RawLoad]:
    text = draft_config(company.folder)
    path = company.folder.parent / "drafted.yaml"
    path.write_text(text, encoding="utf-8")
    config = load_config(path, company.settings)
    return text, config, load_raw(config, company.paths, company.settings)


def test_saas_folder_becomes_accounts_subscriptions_usage_and_cases(company):
    company.write(
        "Customers.csv", "Customer ID;Signup Date;Industry;Country\nc1;03.01.2024;Retail;DE\nc2;04.02.2024;Food;FR\nc3;05.02.2024;Food;FR\n"
    )
    company.write(
        "subscriptions.csv",
        "sub_no,customer_id,plan_name,start_date,end_date,mrr\n1,c1,Pro,2024-01-03,,100\n2,c2,Basic,2024-02-04,2024-03-01,20\n3,c2,Max,2024-03-01,,300\n",
    )
    company.write("tickets.csv", "ticket_id,customer_id,created_at,resolved_at,priority\nt1,c1,2024-02-01,2024-02-02,high\n")
    company.write("usage_events.csv", "customer_id,date,metric,value\nc1,2024-02-01,logins,5\nc2,2024-02-01,exports,2\n")
    text, config, load = drafted(company)
    assert list(config.sources) == ["accounts", "subscriptions", "usage", "support_cases"]
    assert config.sources["accounts"].columns["account_id"] == "Customer ID"
    assert config.plans is not None
    assert config.plans.order == ("Basic", "Pro", "Max")
    assert list(config.usage_metrics) == ["exports", "logins"]
    assert config.targets == ()  # two months of history are too short for any horizon
    assert "# check: about 183 days of history are needed, these files hold 59; with more of it:" in text
    assert "# - {name: upgrade, kind: upgrade, horizon_days: 30}" in text
    assert "# - {name: churn, kind: churn, horizon_days: 30}" in text
    assert [(table.name, table.n_read, table.n_accepted) for table in load.tables] == [
        ("accounts", 3, 3), ("subscriptions", 3, 3), ("usage", 2, 2), ("support_cases", 1, 1),
    ]  # fmt: skip
    assert "check: the plans in rising order (guessed by mean price)" in text
    assert company.rows("select signed_up_at::date::varchar from raw.accounts order by account_id")[0] == ("2024-01-03",)


def test_two_years_of_subscriptions_and_orders_become_three_questions(company):
    months = pd.date_range("2023-01-01", "2024-12-01", freq="MS")
    rows = pd.DataFrame({"customer_id": ["a", "b"] * 12, "start_date": months, "end_date": None, "plan": ["Basic", "Pro"] * 12})
    rows.to_csv(company.folder / "subscriptions.csv", index=False)
    orders = pd.DataFrame({"customer_id": ["a", "b"] * 12, "order_date": months.strftime("%d/%m/%Y"), "amount": 9.5})
    orders.to_csv(company.folder / "orders.csv", index=False)
    text, config, _ = drafted(company)
    assert [(target.name, target.horizon_days, target.churn_means) for target in config.targets] == [
        ("upgrade", 90, "ended"), ("churn", 90, "ended"), ("value", 180, "ended"),
    ]  # fmt: skip
    assert "# check: leaving is the end of the last subscription (ended_at)." in text


def test_orders_alone_ask_who_falls_silent_and_what_accounts_will_spend(company):
    days = pd.date_range("2023-01-01", "2023-12-31", freq="W")
    pd.DataFrame({"customer_id": "a", "order_date": days, "amount": 1.0}).to_csv(company.folder / "orders.csv", index=False)
    text, config, _ = drafted(company)
    churn, value = config.targets
    assert (churn.kind, churn.churn_means, churn.activity, churn.horizon_days) == ("churn", "silent", ("orders",), 90)
    assert (value.kind, value.horizon_days) == ("value", 90)
    assert "choose a horizon longer than the usual pause" in text


def test_subscriptions_without_an_end_ask_nothing_about_leaving(company):
    days = pd.date_range("2022-01-01", "2023-12-31", freq="W").strftime("%Y-%m-%d")
    frame = pd.DataFrame({"customer_id": "a", "start_date": days, "plan": ["x" if n % 2 else "y" for n in range(len(days))]})
    frame.to_csv(company.folder / "subscriptions.csv", index=False)
    text, config, _ = drafted(company)
    assert [target.kind for target in config.targets] == ["upgrade"]
    assert "# check: no churn: subscriptions have no date on which they ended" in text


def test_features_of_columns_without_a_value_are_listed_as_absent(company):
    days = pd.date_range("2022-01-01", periods=40, freq="W").strftime("%Y-%m-%d")
    frame = pd.DataFrame({"customer_id": "a", "start_date": days, "plan": ["x", "y"] * 20, "mrr": 3})
    frame.to_csv(company.folder / "subscriptions.csv", index=False)
    _, config, _ = drafted(company)
    found = check_sources(config, company.settings)
    assert found.absent == {"subscriptions.seats": ("seats",), "subscriptions.is_trial": ("is_trial",)}
    assert "mrr" in found.features["billing"]
    assert not {"seats", "is_trial"} & set(found.features["billing"])
    assert "Absent features: 2, because their column is not given or empty\n  subscriptions.seats: seats" in found.render()


def test_flat_table_with_a_label_becomes_snapshots(company):
    frame = pd.DataFrame(
        {"CustomerID": [f"k{n}" for n in range(80)], "Tenure": range(80), "Contract": ["month", "year"] * 40, "Constant": 1}
    )
    frame["Gender"] = ["F", "M"] * 40
    frame["Exited"] = [1, 0, 0, 0] * 20
    frame.to_csv(company.folder / "bank.csv", index=False)
    _, config, load = drafted(company)
    assert config.snapshots.is_undated
    assert {name: column.type for name, column in config.snapshot_columns.items()} == {
        "Tenure": "number", "Contract": "category", "Gender": "category",
    }  # fmt: skip
    assert config.unused == ("Gender",)
    assert (config.targets[0].kind, config.targets[0].label_column) == ("churn", "Exited")
    assert [(table.name, table.n_accepted) for table in load.tables] == [("accounts", 80), ("account_snapshots", 80)]
    assert "20 of 80 rows are positive" in check_sources(config, company.settings).render()


def test_label_in_words_gets_its_positive_value(company):
    frame = pd.DataFrame({"user_id": [f"k{n}" for n in range(40)], "visits": range(40), "churn_status": ["Active", "Churned"] * 20})
    frame = frame.rename(columns={"churn_status": "churn"})
    frame.to_csv(company.folder / "users.csv", index=False)
    _, config, _ = drafted(company)
    assert config.targets[0].positive_values == ("Churned",)


def test_labels_and_plans_that_are_numbers_in_parquet_are_spelt_as_a_load_spells_them(company):
    frame = pd.DataFrame({"customer_id": [f"k{n}" for n in range(80)], "visits": range(80), "churned": [1.0, 0.0, 0.0, None] * 20})
    frame.to_parquet(company.folder / "flat.parquet")
    _, config, _ = drafted(company)
    assert "20 of 60 rows are positive" in check_sources(config, company.settings).render()
    (company.folder / "flat.parquet").unlink()
    frame.to_csv(company.folder / "flat.csv", index=False)
    _, config, _ = drafted(company)
    assert "20 of 60 rows are positive" in check_sources(config, company.settings).render()
    assert positive_texts(config.targets[0]) == ["1"]  # the warehouse compares without `.0`, too
    (company.folder / "flat.csv").unlink()
    frame = pd.DataFrame({"customer_id": ["a", "b", "c"], "plan": [3, 1, 2], "start_date": pd.Timestamp("2024-01-01")})
    frame.to_parquet(company.folder / "subscriptions.parquet")
    _, config, _ = drafted(company)
    assert config.plans is not None
    assert config.plans.order == ("1", "2", "3")


def test_names_with_line_breaks_stay_within_their_comment(company):
    company.write("orders.csv", "customer_id,order_date,amount\nc1,2024-05-01,9\n")
    pd.DataFrame({"red\nname: evil": [1], "green": [2]}).to_parquet(company.folder / "colours.parquet")
    text, config, _ = drafted(company)
    assert config.name == "files"
    assert "# check: not used: colours.parquet (columns red name: evil, green)." in text


def test_order_lines_with_price_and_quantity_get_an_amount_and_american_dates_a_format(company):
    company.write("orders.csv", "InvoiceNo,CustomerID,InvoiceDate,Quantity,UnitPrice\n1,17,12/31/2024,2,3.50\n2,18,1/15/2025,1,4\n")
    text, config, load = drafted(company)
    assert config.sources["orders"].date_format == {"ordered_at": "%m/%d/%Y"}
    assert company.rows("select account_id, amount::double, ordered_at::date::varchar from raw.orders order by 1") == [
        ("17", 7.0, "2024-12-31"), ("18", 4.0, "2025-01-15"),
    ]  # fmt: skip
    assert load.tables[0].source == "derived from orders"
    assert "check: no file lists the accounts" in text


def test_doubtful_dates_are_marked(company):
    company.write("orders.csv", "customer_id,order_date,amount\n1,02/03/2024,5\n")
    text, _, _ = drafted(company)
    assert 'date_format: {ordered_at: "%d/%m/%Y"}  # check: day and month could be the other way round' in text


def test_wide_metrics_and_wide_months_become_long_usage(company):
    company.write("accounts.csv", "account_id,country\na1,DE\na2,FR\n")
    company.write("usage.csv", "account_id,month,logins,Exported Files\na1,2024-01-01,5,2\na2,2024-01-01,7,\n")
    _, config, _ = drafted(company)
    assert list(config.usage_metrics) == ["logins", "exported_files"]
    assert company.rows("select account_id, metric, value from raw.usage order by 1, 2") == [
        ("a1", "exported_files", 2.0), ("a1", "logins", 5.0), ("a2", "logins", 7.0),
    ]  # fmt: skip
    company.write("usage.csv", "account_id,2024-01,2024-02,2024-03\na1,5,6,7\na2,1,,3\n")
    _, config, _ = drafted(company)
    assert list(config.usage_metrics) == ["usage"]
    assert company.rows("select used_at::date::varchar, value from raw.usage where account_id = 'a2' order by 1") == [
        ("2024-01-01", 1.0),
        ("2024-03-01", 3.0),
    ]


def test_files_of_the_same_columns_are_one_table_and_others_are_named(company):
    for year in (2023, 2024):
        company.write(f"orders_{year}.csv", f"customer_id,order_date,amount\nc1,{year}-05-01,9\n")
    company.write("colours.csv", "red,green\n1,2\n")
    company.write("broken.parquet", b"no")
    text, config, _ = drafted(company)
    assert len(config.sources["orders"].files) == 2
    assert "# check: not used: colours.csv (columns red, green)." in text
    assert "# check: not readable: " in text


def test_folder_without_files_or_without_ids_stops_with_a_remedy(company):
    with pytest.raises(RawDataError) as error:
        draft_config(company.folder)
    assert str(error.value) == (
        f"{company.folder}: expected CSV, Parquet, JSON or Excel files, found none. Put the files directly into this folder, not below it."
    )
    company.write("colours.csv", "red,green\n1,2\n")
    with pytest.raises(RawDataError, match=r"expected a file with account ids .* found colours\.csv\. Rename the column"):
        draft_config(company.folder)
    company.write("broken.parquet", b"no")
    with pytest.raises(RawDataError, match=r"(?s)found colours\.csv\. .*\nNot readable: .*broken\.parquet"):
        draft_config(company.folder)
    with pytest.raises(RawDataError, match="expected a folder with data files, found no folder"):
        draft_config(company.folder / "nowhere")


def test_columns_of_few_levels_are_drafted_as_groups_and_no_names_dates_or_private_ones(company):
    rows = range(80)
    accounts = {
        "customer_id": [f"c{i}" for i in rows], "signup_date": "2024-01-03", "industry": [("Retail", "Food")[i % 2] for i in rows],
        "country": [f"Land {i % 40}" for i in rows], "channel": "web", "gender": [("f", "m")[i % 2] for i in rows],
    }  # fmt: skip
    pd.DataFrame(accounts).to_csv(company.folder / "accounts.csv", index=False)
    plans = {"customer_id": accounts["customer_id"], "start_date": "2024-01-03", "plan": [("Basic", "Pro")[i % 2] for i in rows]}
    pd.DataFrame(plans).to_csv(company.folder / "subscriptions.csv", index=False)
    text, config, _ = drafted(company)
    assert config.slices == ("industry", "plan")
    assert "# check: groups by which every figure is shown, and in which a model may be wrong." in text


def test_a_flat_table_drafts_its_texts_of_few_levels_as_groups(company):
    n = 120
    flat = {
        "customer_id": [f"c{i}" for i in range(n)], "contract": [("monthly", "yearly", "none")[i % 3] for i in range(n)],
        "email": "x@y.z", "city": [f"Town {i}" for i in range(n)], "seats": [i % 5 for i in range(n)],
        "churned": [("yes", "no")[i % 2] for i in range(n)],
    }  # fmt: skip
    pd.DataFrame(flat).to_csv(company.folder / "flat.csv", index=False)
    _, config, _ = drafted(company)
    assert config.slices == ("contract",)


def test_one_impossible_date_does_not_lose_the_column(company):
    days = pd.date_range("2023-01-15", periods=60, freq="5D").strftime("%d/%m/%Y").to_list()
    accounts = pd.DataFrame({"Account ID": [f"a{k}" for k in range(61)], "Signup Date": [*days, "31/02/2023"]})
    accounts.to_csv(company.folder / "accounts.csv", index=False)
    text, config, _ = drafted(company)
    assert config.sources["accounts"].columns["signed_up_at"] == "Signup Date"
    assert 'date_format: {signed_up_at: "%d/%m/%Y"}\n' in text  # a day of 13 and more settles which number is the day
    assert company.rows("select count(signed_up_at) from raw.accounts") == [(60,)]
    assert company.rows("select value from raw.rejected_rows") == [("31/02/2023",)]


def test_orders_that_are_there_twice_get_a_key(company):
    days = pd.date_range("2023-01-01", periods=40, freq="W")
    orders = pd.DataFrame({"order_id": [f"o{k}" for k in range(40)], "customer_id": "a", "order_date": days, "amount": 5.0})
    pd.concat([orders, orders.head(3)]).to_csv(company.folder / "orders.csv", index=False)
    text, config, _ = drafted(company)
    assert config.sources["orders"].key == ("order_id",)
    assert "# check: 3 rows are there twice; one of each is kept" in text


def test_order_ids_of_several_lines_are_no_key(company):
    days = pd.date_range("2023-01-01", periods=40, freq="W")
    lines = pd.DataFrame({"order_id": [f"o{k // 2}" for k in range(40)], "customer_id": "a", "order_date": days, "amount": range(1, 41)})
    lines.to_csv(company.folder / "orders.csv", index=False)
    text, config, _ = drafted(company)
    assert config.sources["orders"].key == ()
    assert "key:" not in text


def test_plans_that_differ_in_spelling_alone_are_drafted_as_one(company):
    spelt = ["Basic", "basic ", "Pro", "Pro", "Basic", "Pro  Plus", "pro plus", "Pro Plus", "Pro Plus"]
    plans = pd.DataFrame({"customer_id": list("abcdefghi"), "plan": spelt, "start_date": "2024-01-01"})
    plans.to_csv(company.folder / "subscriptions.csv", index=False)
    text, config, _ = drafted(company)
    assert config.plans is not None
    assert set(config.plans.order) == {"Basic", "Pro", "Pro Plus"}
    assert "# check: Basic, basic are read as one plan, 'Basic'; they differ in case and spaces alone." in text
    assert "'Pro Plus'" in text
    assert "one plan, 'Pro';" not in text
    told = check_sources(config, company.settings).render()
    assert (
        "plan read as the same name: 'Pro  Plus' as Pro Plus (1 rows), 'basic' as Basic (1 rows), 'pro plus' as Pro Plus (1 rows)" in told
    )
    assert "plans that plans.order doesn't name" not in told


def test_likely_names_of_one_plan_are_drafted_as_such_and_read_so(company):
    spelt = ["Team", "Team", "Team Plan", "team-plan", "TEAM PLAN", "Team Plan", "Pro+", "Pro", "Plan B", "Plan"]
    plans = pd.DataFrame(
        {"customer_id": list("abcdefghij"), "plan": spelt, "start_date": "2024-01-01", "mrr": [5, 7, 6, 6, 6, 6, 3, 2, 1, 9]}
    )
    plans.to_csv(company.folder / "subscriptions.csv", index=False)
    text, config, _ = drafted(company)
    assert config.plans is not None
    assert config.plans.order == ("Plan B", "Pro", "Pro+", "Team", "Plan")
    assert config.plans.also_called == {"Team": ("Team Plan", "team-plan")}
    assert "# check: TEAM PLAN, Team, Team Plan, team-plan look like one plan, 'Team'; if they aren't, give each its place" in text
    told = check_sources(config, company.settings).render()
    assert "plan read as the same name: 'Team Plan' as Team (2 rows), 'TEAM PLAN' as Team (1 rows), 'team-plan' as Team (1 rows)" in told
    assert "plans that plans.order doesn't name" not in told


def test_territories_that_differ_in_case_and_blanks_are_read_as_most_spell_them(company):
    customers = pd.DataFrame({"customer_id": list("abcde"), "territory": ["T1", "t1", "T1 ", "T2", "T 1"]})
    customers.to_csv(company.folder / "customers.csv", index=False)
    _, config, _ = drafted(company)
    assert "territory read as the same name: 't1' as T1 (1 rows)\n" in check_sources(config, company.settings).render()
    hidden = config.model_copy(update={"private": ("territory",)})
    assert "read as the same name" not in check_sources(hidden, company.settings).render()


def test_marks_of_missing_values_are_drafted_as_such_and_are_no_levels(company):
    marks = ["Retail", "Food", "n/a", "N/A", "NULL", "-", ""]
    rows = [f"c{i},2023-01-0{1 + i % 9},{marks[i % 7]},{'NA' if i % 2 else 'DE'}" for i in range(84)]
    company.write("customers.csv", "\n".join(["customer_id,signup_date,industry,country", *rows]) + "\n")
    months = pd.date_range("2023-01-01", "2024-12-01", freq="MS").strftime("%Y-%m-%d")
    paid = [f"c{i},{day},{'n/a' if i % 2 else day},{'Basic' if i % 3 else 'Pro'}" for i, day in enumerate(months)]
    company.write("subscriptions.csv", "\n".join(["customer_id,start_date,end_date,plan", *paid]) + "\n")
    text, config, _ = drafted(company)
    assert config.sources["accounts"].null_values == ("-", "N/A", "NULL", "n/a")  # NA is a country here
    assert config.sources["subscriptions"].null_values == ("n/a",)
    assert config.sources["subscriptions"].columns["ended_at"] == "end_date"
    assert config.plans is not None
    assert set(config.plans.order) == {"Basic", "Pro"}
    assert "# check: texts that stand for no value" in text
    assert company.rows("select distinct industry from raw.accounts order by 1 nulls last") == [("Food",), ("Retail",), (None,)]
    assert company.rows("select count(*) from raw.accounts where country = 'NA'") == [(42,)]


@pytest.mark.parametrize(
    "levels", [["1", "2", "3", "4", "5"], ["1-10", "11-50", "51-200", "201-500", "500+"], [1.0, 10.0, 50.0, 200.0, 1000.0]]
)
def test_size_classes_are_groups_however_they_are_written(company, levels):
    frame = pd.DataFrame({"customer_id": [f"c{i}" for i in range(50)], "signup_date": "2023-01-05", "company_size": levels * 10})
    frame.to_csv(company.folder / "customers.csv", index=False)
    pd.DataFrame({"customer_id": "c1", "order_date": ["2023-02-01"], "amount": [1.0]}).to_csv(company.folder / "orders.csv", index=False)
    _, config, _ = drafted(company)
    assert config.slices == ("employee_range",)


def test_drafted_paths_hold_no_way_back(company):
    (company.folder / "below").mkdir()
    company.write("orders.csv", "customer_id,order_date,amount\nc1,2023-02-01,5\n")
    text = draft_config(company.folder / "below" / "..")
    assert "/../" not in text
    assert f"name: {company.folder.name.lower()}" in text


@pytest.mark.parametrize(
    ("account", "order"),
    [
        ("Customer ID", "Order No"),
        ("Cust. ID", "Order #"),
        ("Bill-to Customer No.", "Order Nr."),
        ("customer.id", "order.number"),
        ("IDCustomer", "OrderNo"),
        ("CUSTNO", "ORDERNR"),
        ("Kunden-Nr.", "Invoice Number"),
    ],
)
def test_ids_are_found_however_their_columns_are_headed(company, account, order):
    company.write("customers.csv", f"{account},Sign-up Date\na,2024-01-01\nb,2024-01-02\n")
    company.write(
        "orders.csv",
        f"{order},{account},Customer,Order Date,Net Amount\n1,a,Ann,2024-02-01,5\n2,b,Bob,2024-02-02,6\n3,a,Ann,2024-02-02,7\n",
    )
    text, config, _ = drafted(company)
    assert config.sources["accounts"].columns["account_id"] == account
    assert config.sources["orders"].columns["account_id"] == account
    assert config.sources["orders"].columns["order_id"] == order
    assert "    key: [order_id]" in text


def test_of_two_numbers_the_one_that_is_spelt_as_an_id_is_the_key(company):
    company.write("orders.csv", "order_no,order_id,user_id,date,amount\n7,1,a,2024-02-01,5\n7,2,b,2024-02-02,6\n")
    assert drafted(company)[1].sources["orders"].columns["order_id"] == "order_id"


@pytest.mark.parametrize(
    ("fee", "size"), [("MRR (EUR)", "No. of Employees"), ("Monthly Fee [€]", "Number of employees"), ("mrr ( usd )", "Nr of Employees")]
)
def test_a_currency_in_brackets_and_the_words_of_a_count_hide_no_column(company, fee, size):
    company.write("customers.csv", f"Customer ID,Signed Up,{size}\na,2024-01-01,12\nb,2024-01-02,40\n")
    company.write("contracts.csv", f"Contract ID,Customer ID,Plan Name,Start Date,{fee}\n1,a,Basic,2024-01-01,10\n2,b,Pro,2024-01-02,20\n")
    _, config, _ = drafted(company)
    assert config.sources["accounts"].columns["employee_range"] == size
    assert config.sources["subscriptions"].columns["mrr"] == fee
