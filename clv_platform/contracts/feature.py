"""What one feature is: its name, home and meaning. The list of them is in `features`."""

from __future__ import annotations

from dataclasses import dataclass

from clv_platform.config.schema import FeatureType


@dataclass(frozen=True)
class Feature:
    """One feature.

    Attributes
    ----------
    name : str
        The column in `fct_*_examples`.
    type : {"number", "boolean", "category"}
        Booleans are 0/1/null.
    model : str
        The dbt model that computes it (`fct` for derived features, computed where all others are joined).
    group : str
        profile, billing, rfm, usage, support, web, engagement, interactions, snapshot or derived.
    label : str
        A few words for a manager.
    meaning, window, unit, source : str
        For the docs; `source` is the raw table.
    is_point_in_time : bool
        False for undated attributes that can change: reports list these.
    sql : str or None
        The expression of a derived feature, over the names of others.
    """

    name: str
    type: FeatureType
    model: str
    group: str
    label: str
    meaning: str
    window: str
    unit: str
    source: str
    is_point_in_time: bool = True
    sql: str | None = None
