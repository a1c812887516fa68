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
    Snapshots,
    Source,
    Target,
    Training,
    Tuning,
    UsageMetric,
)

__all__ = [
    "ColumnFeature",
    "CompanyConfig",
    "ConfigError",
    "Eligibility",
    "ExclusionRule",
    "Input",
    "Interaction",
    "Plans",
    "Snapshots",
    "Source",
    "Target",
    "Training",
    "Tuning",
    "UsageMetric",
    "config_hash",
    "load_config",
]
