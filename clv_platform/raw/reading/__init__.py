"""From files and databases to relations inside DuckDB, whatever the format.

Here: `origins` (finds the files, chooses the reader), `text_files` (encodings, compression, delimiters), `delimited` (CSV and text),
`typed_files` (Parquet, JSON, Excel), `database` (PostgreSQL), `queries` (a SELECT over several inputs).
Add a format as a module of its own and a line in `origins`.
Keep out: what the columns mean (that is `raw.mapping` and `raw.validation`).
"""
