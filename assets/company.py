"""The company that a code location serves: its config, the surroundings and the folders of its state.

Here: the one value that every asset factory takes. Add what all layers need; keep Dagster's contexts and data out.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from clv_platform.config import CompanyConfig, Target, load_config
from clv_platform.contracts.feature import Feature
from clv_platform.contracts.features import build_feature_catalogue
from clv_platform.contracts.segment_features import choose_segment_features
from clv_platform.settings import CompanyPaths, Settings, company_paths, load_settings

TRAINED_KINDS = ("upgrade", "churn", "value")
SEGMENT_KEYS = (("models", "segments_model"), ("scores", "segments"), ("reports", "segments_report"))
N_SEGMENT_FEATURES = 2  # by fewer, accounts are sorted, not grouped


@dataclass(frozen=True)
class Company:
    """One company.

    Attributes
    ----------
    config : CompanyConfig
        What differs from company to company.
    config_path : Path
        The file it was read from; messages name it.
    settings : Settings
        What the environment says.
    paths : CompanyPaths
        Where its state lives.
    """

    config: CompanyConfig
    config_path: Path
    settings: Settings
    paths: CompanyPaths

    @property
    def name(self) -> str:
        """The config's name: the state folder, the tag of runs, the end of the partitions' name."""
        return self.config.name

    @property
    def is_undated(self) -> bool:
        """Whether the data are one flat table without dates."""
        return self.config.snapshots.is_undated

    @property
    def trained_targets(self) -> tuple[Target, ...]:
        """The targets that get models."""
        return tuple(t for t in self.config.targets if t.kind in TRAINED_KINDS)

    @property
    def has_segments(self) -> bool:
        """Whether accounts can be compared by at least two features, so that they fall into segments."""
        return len(self.segment_features) >= N_SEGMENT_FEATURES

    @cached_property
    def segment_features(self) -> tuple[Feature, ...]:
        """What accounts are compared by."""
        return choose_segment_features(build_feature_catalogue(self.config), self.config.segments.features, self.config.private)

    @property
    def skipped_targets(self) -> dict[str, str]:
        """Targets of the config that get no model yet, with the reason in plain words; the data report shows them."""
        trained = {target.name for target in self.trained_targets}
        return {t.name: _why_skipped(t) for t in self.config.targets if t.name not in trained}


def load_company(config_path: Path | None = None, settings: Settings | None = None) -> Company:
    """Read the config and find the folders; nothing is created.

    Parameters
    ----------
    config_path : Path, optional
        By default the file that `CLV_CONFIG` names.
    settings : Settings, optional
        By default read from the environment.

    Raises
    ------
    ConfigError
        When the config can't be used.
    """
    settings = settings or load_settings()
    path = config_path or settings.config_path
    config = load_config(path, settings)
    return Company(config, path, settings, company_paths(settings, config.name))


def _why_skipped(target: Target) -> str:
    return f"Target `{target.name}` is of kind `{target.kind}`, which has no model yet. The features are built; no model is trained."
