"""Questions about a published frame, answered by DuckDB over its Parquet file; knows no Dash.

Here: `filters` (which rows), `metrics` and the files beside it (how good), `results` (what comes back). Every figure equals
`clv_platform.metrics` on the same rows. Keep pages out.
"""
