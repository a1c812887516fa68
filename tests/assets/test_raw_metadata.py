"""What the UI says of the tables beside the raw ones."""

from datetime import date

from assets.raw import BESIDE, metadata_beside
from clv_platform.contracts.features import build_feature_catalogue
from clv_platform.raw.summary import RawLoad, TableLoad


def test_every_table_beside_the_raw_ones_has_a_row_count(company):
    tables = (TableLoad("accounts", "a.csv", 10, 7, 2, 1), TableLoad("usage", "u.csv", 20, 16, 4, 0))
    loaded = RawLoad(tables, date(2024, 1, 1), date(2025, 1, 1), "0f1e2d3c4b5a", ())
    counts = {name: metadata_beside(name, loaded, company)["dagster/row_count"] for name in BESIDE}
    assert counts == {
        "rejected_rows": 6, "excluded_rows": 1, "load_report": 2, "coverage": 1,
        "feature_catalogue": len(build_feature_catalogue(company.config)),
    }  # fmt: skip
