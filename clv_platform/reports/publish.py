"""Put a finished run where readers outside a run read it, all of it or nothing.

Here: what a published run holds (`gather_published`), and how it gets there (`publish_run`). Add a published file to `gather_published`.
Keep removal of old state out (see `clean`), and the decision whether a run may publish at all (only a run of the newest cutoff does).

Files are copied, not hard-linked: a link would share its bytes with a file that the next run writes, and can't cross file systems. Where
the file system can share blocks until one copy changes (btrfs, XFS), the copy costs no space.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from clv_platform.config import CompanyConfig
from clv_platform.contracts.features import build_feature_catalogue
from clv_platform.reports.index_page import NAME as INDEX_NAME
from clv_platform.reports.metric_glossary import METRICS, build_metric_glossary
from clv_platform.reports.published_runs import (
    MANIFEST,
    PARTIAL,
    list_old_runs,
    list_runs,
    only_publisher,
    point_current_at,
    remove_leftovers,
    remove_run,
    sequence_of,
)
from clv_platform.scores.happened import HAPPENED, still_open
from clv_platform.settings import CompanyPaths

SCHEMA_VERSION = 1
SEGMENTS = "segments"  # a folder beside those of the targets
_RUN_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")
# Importance and slices: a row says something about the columns that it names, several of them joined by " & ".
_NAMING_COLUMNS = {"feature", "column", "column_1", "column_2", "column_3"}
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True)
class Contents:
    """What a run publishes; keys are paths within the run's folder.

    Attributes
    ----------
    files : mapping of str to Path
        Files to copy.
    tables : mapping of str to DataFrame
        Tables to write, as the suffix says: .parquet, .csv or .json.
    private : tuple of str
        Columns, and feature rows, left out of every Parquet file.
    """

    files: Mapping[str, Path]
    tables: Mapping[str, pd.DataFrame]
    private: tuple[str, ...] = ()


@dataclass(frozen=True)
class PublishedRun:
    """A published run: its folder, size in bytes, and the ids of old runs that were removed."""

    run_id: str
    folder: Path
    n_files: int
    n_bytes: int
    removed: tuple[str, ...]


def gather_published(config: CompanyConfig, paths: CompanyPaths, cutoff: str, scores: Mapping[str, pd.DataFrame]) -> Contents:
    """List what a run of one company publishes.

    Parameters
    ----------
    config, paths
        The company and its state folders.
    cutoff : str
        Name of the cutoff's folder: `YYYY-MM-DD` or `undated`.
    scores : mapping of target name to DataFrame
        The newest scores (account_id, score, score_rank, reasons, ...), may be empty. Their best `call_list_size` rows whose event hasn't
        happened since (`happened_on`) are the call list, also written as CSV, safe to open in a spreadsheet and with each reason once.

    Returns
    -------
    Contents
        marts/<model>.parquet, reporting/<model>.parquet, metrics.parquet, <target>/<file of the report folder>,
        <target>/scores.parquet, <target>/scores_history/*.parquet, <target>/call_list.{parquet,csv}, segments/{profile,...}.parquet,
        segments/history/*.parquet, reports/index.html and the pages it lists (reports/<target>/report.html, reports/data/report.html, ...),
        exploration/{findings,by_group,...}.parquet,
        glossary/{features,metrics}.{parquet,json}.
    """
    folders = {"marts": paths.marts, "reporting": paths.root / "reporting"}
    files = {f"{name}/{path.name}": path for name, folder in folders.items() for path in sorted(folder.glob("*.parquet"))}
    files = {name: path for name, path in files.items() if not path.name.startswith("int_")}  # handed to Python only
    tables: dict[str, pd.DataFrame] = {}
    reports = paths.reports / cutoff
    for target in (*(t.name for t in config.targets), SEGMENTS):
        for path in sorted((reports / target).glob("*")):
            if path.suffix in (".parquet", ".json"):
                files[f"{target}/{path.name}"] = path
        histories = (paths.scores / target / "history", paths.root / "scores_value" / target / "history")
        for path in sorted(path for folder in histories for path in folder.glob("*.parquet")):
            files[f"{target}/scores_history/{path.name}"] = path
        if target in scores:
            visible = scores[target].drop(columns=[name for name in config.private if name in scores[target].columns])
            calls = build_call_list(visible, config.call_list_size)
            tables |= {f"{target}/scores.parquet": visible, f"{target}/call_list.parquet": calls}
            tables[f"{target}/call_list.csv"] = _for_people(calls)
    files |= {f"{SEGMENTS}/history/{path.name}": path for path in sorted((paths.root / SEGMENTS / "history").glob("*.parquet"))}
    # Every page that the index lists, and the index itself: none of its links may lead nowhere.
    pages = [*reports.glob("[!.]*/[!.]*.html"), *reports.glob(INDEX_NAME)]
    files |= {f"reports/{path.relative_to(reports).as_posix()}": path for path in sorted(pages)}
    files |= {f"exploration/{path.name}": path for path in sorted((reports / "exploration").glob("[!.]*.parquet"))}
    tables["metrics.parquet"] = _all_metrics(config, reports)
    features = pd.DataFrame([asdict(feature) for feature in build_feature_catalogue(config)])
    metrics = build_metric_glossary()
    for suffix in ("parquet", "json"):
        tables |= {f"glossary/features.{suffix}": features, f"glossary/metrics.{suffix}": metrics}
    return Contents(files, tables, config.private)


def build_call_list(scores: pd.DataFrame, size: int) -> pd.DataFrame:
    """Return the best `size` rows by score_rank (1 = first), by score without it; accounts whose event has happened are left out."""
    scores = still_open(scores).drop(columns=HAPPENED, errors="ignore")
    if "score_rank" in scores.columns:
        return scores.sort_values("score_rank", kind="stable").head(size).reset_index(drop=True)
    return scores.sort_values("score", ascending=False, kind="stable").head(size).reset_index(drop=True)


def _for_people(calls: pd.DataFrame) -> pd.DataFrame:
    """Leave each reason once, as what raises and what lowers; the Parquet file keeps both ways of telling them."""
    return calls.drop(columns="reasons") if {"reasons", "reasons_up", "reasons_down"} <= set(calls.columns) else calls


def _all_metrics(config: CompanyConfig, reports: Path) -> pd.DataFrame:
    """Every target's metrics.json as one long table: target, metric, value, lo, hi."""
    rows: list[dict[str, Any]] = []
    for target in config.targets:
        path = reports / target.name / "metrics.json"
        metrics = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        rows += [
            {"target": target.name, "metric": name, "value": value, "lo": metrics.get(f"{name}_lo"), "hi": metrics.get(f"{name}_hi")}
            for name, value in metrics.items()
            if name in METRICS and isinstance(value, int | float)
        ]
    types = {"target": "str", "metric": "str", "value": "float64", "lo": "float64", "hi": "float64"}
    return pd.DataFrame(rows, columns=list(types)).astype(types)


def publish_run(
    paths: CompanyPaths, run_id: str, contents: Contents, *, keep_runs: int, facts: Mapping[str, Any] | None = None
) -> PublishedRun:
    """Publish a run: write a new folder, then switch `published/current` to it by one rename.

    A reader that resolves `current` once sees one whole run. A killed publish leaves `current` as it was; its leftovers are removed by the
    next one. Two processes that publish at once wait for each other.

    Parameters
    ----------
    paths : CompanyPaths
        The company's state.
    run_id : str
        Letters, digits, dot, dash, underscore. A run published twice gets a new folder, `<run_id>.2`, because readers may hold the first.
    contents : Contents
        See `gather_published`.
    keep_runs : int
        How many runs stay, the new one included.
    facts : mapping, optional
        Further keys of the manifest, such as cutoff and model ids.

    Raises
    ------
    ValueError
        For a run id that isn't a plain name, or contents that leave the run's folder.
    """
    if not _RUN_ID.match(run_id):
        raise ValueError(f"run id {run_id!r}: expected letters, digits, dots, dashes and underscores, because it names a folder.")
    runs = paths.published / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    with only_publisher(paths.published):
        remove_leftovers(paths.published)
        folder, copy = runs / run_id, 1
        while folder.exists():
            copy += 1
            folder = runs / f"{run_id}.{copy}"
        partial = runs / f"{PARTIAL}{folder.name}"
        partial.mkdir()
        _write_contents(contents, partial)
        written = sorted(path for path in partial.rglob("*") if path.is_file())
        sizes = {path.relative_to(partial).as_posix(): path.stat().st_size for path in written}
        sequence = 1 + max((sequence_of(run) for run in list_runs(paths.published)), default=0)
        manifest = {"schema_version": SCHEMA_VERSION, "run_id": folder.name, "sequence": sequence, **(facts or {}), "files": sizes}
        (partial / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True, default=str) + "\n", encoding="utf-8")
        _to_disk(partial)
        partial.replace(folder)
        point_current_at(paths.published, folder)
        old = list_old_runs(paths.published, keep_runs)
        for run in old:
            remove_run(run)
    return PublishedRun(folder.name, folder, len(sizes) + 1, sum(sizes.values()), tuple(run.name for run in old))


def safe_for_spreadsheets(value: Any) -> Any:
    """Put an apostrophe before text that a spreadsheet would take for a formula (=, +, -, @, tab, line break); numbers stay."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def write_call_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV for spreadsheets: UTF-8 with a mark, so that Excel reads it right, every text safe, header too."""
    safe = frame.astype(object).where(frame.notna(), "")
    safe = safe.map(safe_for_spreadsheets).rename(columns=safe_for_spreadsheets)
    safe.to_csv(path, index=False, encoding="utf-8-sig", quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")


def _write_contents(contents: Contents, folder: Path) -> None:
    for name, source in contents.files.items():
        target = _place(folder, name)
        if source.suffix == ".parquet" and contents.private:
            _copy_without(source, target, contents.private)
        else:
            _copy(source, target)
    for name, table in contents.tables.items():
        target = _place(folder, name)
        if target.suffix == ".csv":
            write_call_csv(table, target)
        elif target.suffix == ".json":
            table.to_json(target, orient="records", indent=1, force_ascii=False)
        else:
            table.to_parquet(target, index=False)


def _place(folder: Path, name: str) -> Path:
    target = folder / name
    if not target.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"published file {name!r} would lie outside the run's folder; give a relative path without `..`.")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as read, target.open("wb") as write:
        try:
            while os.copy_file_range(read.fileno(), write.fileno(), 1 << 30):
                pass
        except OSError:  # not on this file system, or across two
            read.seek(0)
            write.seek(0)
            write.truncate()
            shutil.copyfileobj(read, write, 1 << 20)


def _copy_without(source: Path, target: Path, private: Sequence[str]) -> None:
    """Copy a Parquet file without private columns, and without rows about private features; by row group, so that memory stays flat."""
    file = pq.ParquetFile(source)
    names = [name for name in file.schema_arrow.names if name not in private]
    if len(names) == len(file.schema_arrow.names) and not _NAMING_COLUMNS & set(names):
        _copy(source, target)
        return
    naming = [name for name in names if name in _NAMING_COLUMNS]
    with pq.ParquetWriter(target, file.read_row_group(0, names).schema if file.num_row_groups else file.read(names).schema) as writer:
        for i in range(file.num_row_groups):
            group = file.read_row_group(i, names)
            for name in naming:
                keep = [not set(str(value).split(" & ")) & set(private) for value in group[name].to_pylist()]
                group = group.filter(pa.array(keep, pa.bool_()))
            writer.write_table(group)


def _to_disk(folder: Path) -> None:
    """Make sure that the files are on disk before the pointer names them: power may fail as well as processes."""
    for path in [*folder.rglob("*"), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
