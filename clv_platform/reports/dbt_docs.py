"""The documentation of the dbt project as one static page: dbt's own page with its data inside and every column described.

Here: what dbt can't know. Columns that depend on the company config (usage metrics, snapshot columns, derived features, labels) take their
words from the feature catalogue. Keep running dbt out: its artifacts are read as files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from clv_platform.contracts.features import Feature

MANIFEST_PLACE = '"MANIFEST.JSON INLINE DATA"'
CATALOG_PLACE = '"CATALOG.JSON INLINE DATA"'
VALUE_MODELS = ("lbl_accounts__value", "fct_value_examples")
# The page holds all it needs: nothing may be fetched, and nothing told to anybody.
CONTENT_POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data:; font-src data:; connect-src 'none'\"/>"
)


def describe_feature(feature: Feature) -> str:
    """Say in one line what a feature means, over which window, in which unit and from which source."""
    parts = [feature.meaning, f"Window: {feature.window}."]
    if feature.unit:
        parts.append(f"Unit: {feature.unit}.")
    parts.append(f"Source: {feature.source}.")
    return " ".join(parts)


def build_docs_page(target_dir: Path, catalogue: Sequence[Feature], index_html: Path) -> str:
    """Build the static page from dbt's artifacts.

    Parameters
    ----------
    target_dir : Path
        Has `manifest.json` and `catalog.json`, as `dbt docs generate` leaves them.
    catalogue : sequence of Feature
        The company's features; their words describe the columns that dbt's YAML files can't name.
    index_html : Path
        dbt's empty page; `dbt docs generate` puts one into its target folder.

    Returns
    -------
    str
        HTML that works from a file, without a network.

    Raises
    ------
    FileNotFoundError
        When an artifact is missing; the message says which command makes it.
    ValueError
        When the page has no place for the data: dbt changed its page.
    """
    for path in (target_dir / "manifest.json", target_dir / "catalog.json", index_html):
        if not path.is_file():
            raise FileNotFoundError(
                f"{path}: expected an artifact of dbt, found no file. Run `make docs`, which runs `dbt docs generate` first."
            )
    manifest = json.loads((target_dir / "manifest.json").read_text(encoding="utf-8"))
    catalog = json.loads((target_dir / "catalog.json").read_text(encoding="utf-8"))
    describe_columns(manifest, catalog, catalogue)
    manifest["metadata"] |= {"send_anonymous_usage_stats": False, "user_id": None}
    page = index_html.read_text(encoding="utf-8")
    for place in (MANIFEST_PLACE, CATALOG_PLACE):
        if place not in page:
            raise ValueError(f"{index_html}: expected the text {place} to put data into, found none. Use the index.html of dbt-core 1.11.")
    page = re.sub(r'<link rel="shortcut icon"[^>]*>', "", page)
    page = page.replace("<head>", "<head>" + CONTENT_POLICY, 1)
    return page.replace(MANIFEST_PLACE, _script_json(manifest)).replace(CATALOG_PLACE, _script_json(catalog))


def describe_columns(manifest: dict[str, Any], catalog: dict[str, Any], catalogue: Sequence[Feature]) -> None:
    """Add, in place, a description to every column that the warehouse has and the manifest doesn't describe."""
    words = {name.lower(): text for name, text in _descriptions(catalogue)}
    for unique_id, table in catalog["nodes"].items():
        node = manifest["nodes"].get(unique_id)
        if node is None:
            continue
        described = {name.lower(): column for name, column in node["columns"].items()}
        for name, found in table["columns"].items():
            column = described.get(name.lower())
            if column is None:
                column = {
                    "name": name,
                    "description": "",
                    "meta": {},
                    "data_type": found["type"],
                    "constraints": [],
                    "quote": None,
                    "tags": [],
                }
                node["columns"][name] = column
            if not column["description"]:
                column["description"] = words.get(name.lower()) or _value_words(node["name"], name) or _label_words(name) or ""


def undescribed_columns(manifest: dict[str, Any]) -> list[str]:
    """List `model.column` for each column of a model that has no description."""
    return sorted(
        f"{node['name']}.{name}"
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        for name, column in node["columns"].items()
        if not column["description"].strip()
    )


def _descriptions(catalogue: Sequence[Feature]) -> Iterator[tuple[str, str]]:
    for feature in catalogue:
        if feature.group == "usage" and feature.name.endswith("_lag_1m"):
            yield from _metric_descriptions(feature)
        yield feature.name, describe_feature(feature)


def _metric_descriptions(feature: Feature) -> Iterator[tuple[str, str]]:
    """Describe the columns of the usage models on the way to a metric's features."""
    metric = feature.name.removesuffix("_lag_1m")
    label = feature.label.removesuffix(" (last month)")
    unit = f" Unit: {feature.unit}." if feature.unit else ""
    yield metric, f"{label} of the month, from the rows of this lateness.{unit} Source: usage."
    yield f"{metric}_n", f"Number of readings of {label} that the sum beside it was taken from. Source: usage."
    for late, when in enumerate(("at its end", "one month after its end", "two months after its end", "three months after its end")):
        yield f"{metric}__known_{late}", f"{label} of the month as known {when}.{unit} Source: usage."
    listed = f"{label} of all months of the account as known three months after their end, in the order of `month_numbers`."
    yield f"{metric}__settled", f"{listed}{unit} Source: usage."
    for lag in range(1, 13):
        yield f"{metric}__{lag}", f"{label} of month {lag} before, as known then.{unit} Source: usage."


def _value_words(model: str, name: str) -> str | None:
    """Describe a label that is an amount or a count, not a yes or no."""
    found = re.fullmatch(r"([yn])_(.+)_(\d+)d", name) if model in VALUE_MODELS else None
    if found is None:
        return None
    what = "What the account brings, refunds subtracted" if found[1] == "y" else "Days on which the account buys"
    unit = " Unit: the company's currency." if found[1] == "y" else ""
    return f"{what}, within {found[3]} days from the snapshot on (target {found[2]}); null while that can't be said.{unit}"


def _label_words(name: str) -> str | None:
    if name.endswith("_value") and name.startswith("y_"):
        return f"The label column behind {name.removesuffix('_value')} as text in lower case, as the source gives it."
    if (days := re.fullmatch(r"(?:n_)?y_(.+)_(\d+)d", name)) is not None:
        when = f"within {days[2]} days from the snapshot on"
        return f"Label of target {days[1]}: 1 when it happens {when}, 0 when not, null while that can't be said."
    if (flat := re.fullmatch(r"y_(.+)", name)) is not None:
        return f"Label of target {flat[1]}: 1 for its positive values, 0 for others, null where the source has none."
    if (own := re.fullmatch(r"is_eligible_(.+)", name)) is not None:
        return f"Whether target {own[1]} can be asked of the account at the snapshot; targets of the kind differ in it."
    if (silent := re.fullmatch(r"is_active_(.+)", name)) is not None:
        return f"Whether the account was active within the look-back of target {silent[1]}, as known at the snapshot."
    return None


def _script_json(content: dict[str, Any]) -> str:
    """Write JSON that can stand inside a script element: a description may hold anything, even `</script>` or `<!--<script>`."""
    return json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
