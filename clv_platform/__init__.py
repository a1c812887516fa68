"""The domain library: frames in, frames and dataclasses out. It knows neither Dagster nor dbt.

Here: one room per layer of the data's way (see docs/architecture.md). Keep orchestration out: it lives in `assets/`.
"""
