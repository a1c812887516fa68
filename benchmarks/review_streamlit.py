"""The peer of the review app: the same view in Streamlit, over the same rows in Parquet; run in an environment of its own.

    streamlit run benchmarks/review_streamlit.py -- FOLDER

A filter by country, cards with the share of right predictions and mean F1, a bar chart of right predictions by a column. Written as
Streamlit's own documentation advises: a connection kept by `cache_resource`, answers kept by `cache_data`, one grouped query a figure, the
chart of its own. Keep the project's own code out.
"""

# pyright: reportMissingImports=false
# Streamlit is only in an environment of its own.
from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import streamlit as st

FOLDER = Path(sys.argv[1])
NUMBERS = ("seats", "users", "logins", "sessions", "posts", "impressions", "cases", "visits", "orders", "revenue", "discount")
GROUPS = ("industry", "country", "channel", "plan", "trial", *NUMBERS)


@st.cache_resource
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@st.cache_data
def values(name: str, column: str) -> list[str]:
    return [row[0] for row in connection().cursor().execute(f"select distinct {column} from '{path(name)}' order by 1").fetchall()]


@st.cache_data
def edges(name: str, column: str) -> list[float]:
    shares = [round(place / 10, 1) for place in range(1, 10)]
    found = connection().cursor().execute(f"select quantile_cont({column}, {shares}) from '{path(name)}'").fetchone()
    return sorted(set(found[0])) if found else []


@st.cache_data
def confusion(name: str, countries: tuple[str, ...]) -> pd.DataFrame:
    where, bound = condition(countries)
    return connection().cursor().execute(f"select segment, predicted, count(*) as n from '{path(name)}' {where} group by 1, 2", bound).df()


@st.cache_data
def by_group(name: str, countries: tuple[str, ...], column: str) -> pd.DataFrame:
    where, bound = condition(countries)
    key = column
    if column in NUMBERS:
        key = " + ".join(f"({column} > {edge})::integer" for edge in edges(name, column)) or "0"
    sql = f"select {key} as level, avg((segment = predicted)::integer) as accuracy, count(*) as n from '{path(name)}' {where} group by 1"
    return connection().cursor().execute(sql, bound).df()


def condition(countries: tuple[str, ...]) -> tuple[str, list[str]]:
    return (f"where country in ({', '.join('?' * len(countries))})", list(countries)) if countries else ("", [])


def path(name: str) -> Path:
    return FOLDER / f"{name}.parquet"


name = st.query_params["name"]
if not path(name).is_file():
    raise SystemExit(f"{path(name)}: no such file")
wanted = st.query_params.get("country")
countries = tuple(st.multiselect("country", values(name, "country"), default=[wanted] if wanted else []))
by = st.selectbox("by", GROUPS)

table = confusion(name, countries)
n, right = int(table["n"].sum()), int(table.loc[table["segment"] == table["predicted"], "n"].sum())
square = table.pivot_table(index="segment", columns="predicted", values="n", fill_value=0)
diagonal = np.array([square.loc[level, level] if level in square.columns else 0 for level in square.index])
f1 = 2 * diagonal / (square.sum(axis=1).to_numpy() + square.reindex(columns=square.index, fill_value=0).sum(axis=0).to_numpy())
first, second, third = st.columns(3)
first.metric("right predictions", f"{right / n:.1%}")
second.metric("F1, mean over outcomes", f"{f1.mean():.3f}")
third.metric("rows", f"{n:,}")
bars = by_group(name, countries, by)
st.subheader(f"right predictions by {by}")
st.bar_chart(bars, x="level", y="accuracy")
