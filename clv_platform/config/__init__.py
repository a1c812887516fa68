"""The company config: sources, horizons, slices, policies; validated, with messages that name the key.

Here: `schema` (the shape) and `load` (YAML to objects). Keep what the environment says out: that is `settings`.
"""

from clv_platform.config.load import ConfigError, config_hash, load_config
from clv_platform.config.schema import (
    ColumnFeature,
    CompanyConfig,
    Eligibility,
    ExclusionRule,
    Input,
    Interaction,
    Plans,
    Review,
    Snapshots,
    Source,
    Target,
    Training,
    Tuning,
    UsageMetric,
)
from clv_platform.config.value_schema import Lifecycle, Segments, ValueChoice, ValueTiers

__all__ = [
    "ColumnFeature",
    "CompanyConfig",
    "ConfigError",
    "Eligibility",
    "ExclusionRule",
    "Input",
    "Interaction",
    "Lifecycle",
    "Plans",
    "Review",
    "Segments",
    "Snapshots",
    "Source",
    "Target",
    "Training",
    "Tuning",
    "UsageMetric",
    "ValueChoice",
    "ValueTiers",
    "config_hash",
    "load_config",
]
