"""Read a company config: YAML in, a validated `CompanyConfig` out, or one message that names file, key, what was found and how to fix it.

Keep defaults and shapes out (see `schema`).
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from clv_platform.config.schema import (
    ColumnFeature,
    CompanyConfig,
    Eligibility,
    ExclusionRule,
    Input,
    Interaction,
    Plans,
    Review,
    SliceSearch,
    Snapshots,
    Source,
    Target,
    Training,
    Tuning,
    UsageMetric,
)
from clv_platform.config.value_schema import Lifecycle, Segments, ValueChoice, ValueTiers
from clv_platform.settings import Settings, load_settings

_BLOCKS: tuple[type[BaseModel], ...] = (
    CompanyConfig, Source, Input, ExclusionRule, UsageMetric, ColumnFeature, Interaction, Plans, Eligibility, Target, Training, Tuning,
    SliceSearch, Snapshots, Review, ValueChoice, ValueTiers, Segments, Lifecycle,
)  # fmt: skip
KNOWN_KEYS = sorted({name for block in _BLOCKS for name in block.model_fields})


class ConfigError(ValueError):
    """The config can't be used; the message names the file, the key and the remedy."""


class _Loader(yaml.SafeLoader):
    """YAML as its standard has it: a key given twice is an error. PyYAML silently keeps the last one, and half a config is gone."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        first: dict[str, int] = {}
        for key, _ in node.value:
            # Keys that `<<` brought from another place may be given again here.
            is_own = node.start_mark.index <= key.start_mark.index < node.end_mark.index
            if is_own and isinstance(key, yaml.ScalarNode):
                if key.value in first:
                    problem = f"key `{key.value}` is given twice, first in line {first[key.value]}"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                first[key.value] = key.start_mark.line + 1
        return super().construct_mapping(node, deep)


def load_config(path: Path, settings: Settings | None = None) -> CompanyConfig:
    """Read and validate one company config.

    Parameters
    ----------
    path : Path
        The YAML file.
    settings : Settings, optional
        Gives `${CLV_DATA_DIR}` and `${CLV_SAMPLE_DATA}`; by default read from the environment.

    Returns
    -------
    CompanyConfig
        File patterns are absolute: relative ones start at the config file's folder. `database` keeps its `${NAME}`:
        secrets are looked up where they are used.

    Raises
    ------
    ConfigError
        When the file is missing, is no YAML in UTF-8, has unknown or repeated keys or values out of range.
    """
    settings = settings or load_settings()
    if not path.is_file():
        raise ConfigError(
            f"{path}: no such config file. Give --config a file such as config/demo.yaml, or draft one with `clv init FOLDER`."
        )
    try:
        raw = yaml.load(path.read_text(encoding="utf-8-sig"), _Loader)
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: expected text in UTF-8, found byte 0x{error.object[error.start]:02x} at place {error.start}. Save the file as UTF-8."
        ) from error
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        raise ConfigError(
            f"{path}{line}: not valid YAML ({getattr(error, 'problem', error)}). Check indentation, colons and quotes."
        ) from error
    if not isinstance(raw, dict):
        raise ConfigError(
            f"{path}: expected `key: value` lines, found {type(raw).__name__}. Start from config/demo.yaml or `clv init FOLDER`."
        )
    variables = {"CLV_DATA_DIR": str(settings.data_dir), "CLV_SAMPLE_DATA": str(settings.sample_data)}
    for source in (raw.get("sources") or {}).values() if isinstance(raw.get("sources"), dict) else ():
        _resolve_files(source, variables, path.parent.absolute())
    try:
        return CompanyConfig.model_validate(raw)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(path, problem) for problem in error.errors())) from error


def config_hash(config: CompanyConfig) -> str:
    """Twelve hex digits that change with any choice in the config, but not with where the files lie."""
    content = config.model_dump(mode="json")
    if config.review == Review():
        del content["review"]  # a key that changes nothing by default: models of configs that don't have it keep their names
    for source in content["sources"].values():
        for origin in (source, *source["inputs"].values()):
            origin["files"] = [Path(pattern).name for pattern in origin["files"]]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def _resolve_files(source: Any, variables: Mapping[str, str], folder: Path) -> None:
    if not isinstance(source, dict):
        return
    for origin in (source, *((source.get("inputs") or {}).values() if isinstance(source.get("inputs"), dict) else ())):
        if isinstance(origin, dict) and origin.get("files"):
            patterns = [origin["files"]] if isinstance(origin["files"], str) else origin["files"]
            origin["files"] = [str(folder / _expand(pattern, variables)) if isinstance(pattern, str) else pattern for pattern in patterns]


def _expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace `${CLV_DATA_DIR}` and `${CLV_SAMPLE_DATA}`; other names stay, so that a missing one shows in the message."""
    return re.sub(r"\$\{(\w+)\}", lambda match: variables.get(match[1], match[0]), text)


def _explain(path: Path, problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"]) or "(whole file)"
    if problem["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(problem["loc"][-1]), KNOWN_KEYS, n=1)
        return f"{path}: unknown key `{key}`." + (
            f" Did you mean `{close[0]}`?" if close else " Remove it, or see docs/own_data.md for the keys there are."
        )
    if problem["type"] == "missing":
        return f"{path}: key `{key}` is required and missing. Add it; config/demo.yaml shows an example."
    found = "" if isinstance(problem.get("input"), dict) else f", found {problem.get('input')!r}"
    return f"{path}: key `{key}`: {problem['msg'].removeprefix('Value error, ')}{found}."
