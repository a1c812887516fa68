"""What the rooms promise each other: raw tables, the feature catalogue, label and score columns, dbt variables.

Add a raw table to `raw_tables`, a feature to `features`. Keep computation out: these are names, types and meanings.
"""
