"""Published frames: a folder per frame, a folder per version, rows as Parquet and what is known of them as JSON.

Here: `info` (the dataclasses), `roles` (what columns are), `publishing` (write a version), `catalogue` (list and read), `store` (where it
all lies). Keep questions about rows out (`review.queries`).
"""
