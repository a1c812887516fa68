"""Whatever the rows: read = accepted + rejected + excluded, no accepted row is lost or changed, their order is kept."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from clv_platform.config import CompanyConfig
from clv_platform.raw.loading import load_tables
from clv_platform.settings import load_settings
from clv_platform.warehouse import open_memory

RUN = load_settings({"CLV_THREADS": "2", "CLV_MEMORY_LIMIT": "512MB"})
cells = st.one_of(
    st.sampled_from(
        [
            "a1",
            "a2",
            "zz",
            "",
            " ",
            "2024-01-01",
            "2024-02-30",
            "5",
            "-3.25",
            "inf",
            "nan",
            "1e3",
            "x'y",
            'say "hi"',
            "two\nlines",
            "null",
            ";--",
        ]
    ),
    st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=6),
)
good = st.tuples(st.sampled_from(["a1", "a2"]), st.sampled_from(["2024-01-01", "2024-03-05 10:00"]), st.integers(-99, 99).map(str), cells)
rows = st.lists(st.one_of(good, st.tuples(cells, cells, cells, cells)), min_size=1, max_size=30)


@settings(max_examples=40, deadline=None)
@given(rows)
def test_no_row_is_lost_whatever_the_cells(table):
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerow(["account_id", "ordered_at", "amount", "note"])
    writer.writerows(table)
    with tempfile.TemporaryDirectory() as folder, open_memory(RUN) as connection:
        path = Path(folder) / "orders.csv"
        path.write_text(stream.getvalue(), encoding="utf-8", newline="")
        (Path(folder) / "accounts.csv").write_text("account_id\na1\na2\n")
        config = CompanyConfig.model_validate(
            {
                "name": "dirty",
                "title": "Dirty",
                "sources": {
                    "accounts": {"files": str(Path(folder) / "accounts.csv")},
                    "orders": {"files": str(path), "exclude": [{"rule": "zero", "where": "amount = '0'"}]},
                },
            }
        )
        load = load_tables(connection, config, Path(folder))
        accepted = connection.execute("select _source_row, account_id, amount::double, coalesce(note, '') from raw.orders").fetchall()
        left_out = connection.execute(
            "select source_row from raw.rejected_rows union all select source_row from raw.excluded_rows"
        ).fetchall()
    counts = load.table("orders")
    assert counts is not None
    assert counts.n_read == len(table) == counts.n_accepted + counts.n_rejected + counts.n_excluded
    numbers = [row[0] for row in accepted]
    assert numbers == sorted(numbers)
    assert sorted([*numbers, *(row[0] for row in left_out)]) == list(range(1, len(table) + 1))
    assert all(table[row - 1][0].strip() == account and float(table[row - 1][2]) == amount for row, account, amount, _ in accepted)
    assert all(table[row - 1][3] == note for row, _, _, note in accepted)
    fit = [
        row
        for row, cell in enumerate(table, start=1)
        if cell[0] in {"a1", "a2"} and cell[1].startswith("2024-0") and "-30" not in cell[1] and _whole(cell[2])
    ]
    assert set(fit) <= set(numbers)


def _whole(text: str) -> bool:
    return text.lstrip("-").isascii() and text.lstrip("-").isdigit() and text != "0" and len(text) < 10 and text.count("-") <= 1
