"""What the page about segments and cohorts is made of, read from marts, scores and reporting tables; what isn't there stays empty.

Here: `SegmentInputs`, `gather_segments`. Keep sums over cohorts (see `cohorts`), sentences (see `segment_words`) and layout out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from clv_platform.config import CompanyConfig, Target
from clv_platform.contracts.feature import Feature
from clv_platform.datasets.snapshots import Snapshots
from clv_platform.models.segments import KeptSegments, Projection, build_traits, profile_segments, project_accounts
from clv_platform.reports.bridge import count_accounts
from clv_platform.reports.cohorts import CohortTables, build_cohorts
from clv_platform.scores.segments import assign_segments, count_migration
from clv_platform.settings import CompanyPaths

SPENT = "revenue_365d"


def _empty() -> pd.DataFrame:
    return pd.DataFrame()


@dataclass(frozen=True)
class Worth:
    """What an account counts for on the page.

    Attributes
    ----------
    amounts : Series
        By account_id.
    label : str
        "expected revenue in the next 180 days", or what was spent in the last year where nothing is predicted.
    is_expected : bool
    """

    amounts: pd.Series
    label: str
    is_expected: bool


@dataclass(frozen=True)
class SegmentInputs:
    """Numbers and facts of the page; frames may be empty: their section is then left out.

    Attributes
    ----------
    kept : KeptSegments or None
        None: no segments could be found, and `verdict` says why.
    profile : DataFrame
        segment (number, 0 for all), name, n, share, the median of every feature, then mean_worth and worth_share where amounts are known.
    migration : DataFrame
        segment_before, segment_now, n, share.
    groups : dict of str to DataFrame
        rfm_segment, lifecycle_stage, value_tier, channel, cohort: level, n, share, mean_worth, worth_share.
    concentration : DataFrame
        group (tenth, 1 = highest), expected, actual: shares of the whole amount on the value model's test date; without `expected` when
        the gate refused that model.
    profitability : DataFrame
        level (segment), n, revenue, margin, profit (margin less what contacting cost): sums over the accounts whose costs are known.
    n_on_file : int or None
        How many accounts there are, described or not, see `bridge`.
    is_leaving_known : bool
        False when leaving was asked about, but no account has a chance to leave, because no such model is in use.
    """

    config: CompanyConfig
    cutoff: str
    snapshots: Snapshots
    features: tuple[Feature, ...]
    verdict: str
    kept: KeptSegments | None = None
    worth: Worth | None = None
    profile: pd.DataFrame = field(default_factory=_empty)
    projection: Projection | None = None
    migration: pd.DataFrame = field(default_factory=_empty)
    groups: dict[str, pd.DataFrame] = field(default_factory=dict)
    cohorts: CohortTables | None = None
    concentration: pd.DataFrame = field(default_factory=_empty)
    profitability: pd.DataFrame = field(default_factory=_empty)
    n_on_file: int | None = None
    is_leaving_known: bool = True

    def tables(self) -> dict[str, pd.DataFrame]:
        """What is written beside the page, by file name."""
        found = {"profile": self.profile, "migration": self.migration, "concentration": self.concentration}
        if self.kept is not None:
            found |= {"choice": self.kept.choice, "alternatives": self.kept.alternatives}
        if self.cohorts is not None:
            found |= {"cohort_retention": _long(self.cohorts.retention), "cohort_revenue": _long(self.cohorts.revenue)}
        named = {f"by_{name}": table for name, table in self.groups.items()}
        return {name: table for name, table in (found | named).items() if len(table)}

    def metrics(self) -> dict[str, Any]:
        """The page's figures for `metrics.json` and the UI."""
        found: dict[str, Any] = {"n_accounts": len(self.snapshots.newest), "verdict": self.verdict}
        if self.kept is not None:
            chosen = self.kept.choice[self.kept.choice["is_chosen"].astype(bool)].iloc[0]
            found |= {"model_id": self.kept.model_id, "n_segments": int(chosen["n_segments"])}
            found |= {name: float(chosen[name]) for name in ("silhouette", "stability")}
        if len(self.migration):
            both = self.migration[
                ~self.migration["segment_before"].str.startswith("(") & ~self.migration["segment_now"].str.startswith("(")
            ]
            moved = both.loc[both["segment_before"] != both["segment_now"], "n"].sum()
            found["moved_share"] = float(moved / both["n"].sum()) if both["n"].sum() else 0.0
        if len(self.concentration):
            known = [name for name in ("expected", "actual") if name in self.concentration]
            found |= {f"top10_share_{name}": float(self.concentration[name].iloc[0]) for name in known}
        return found


def gather_segments(
    config: CompanyConfig,
    paths: CompanyPaths,
    cutoff: str,
    kept: KeptSegments | None,
    features: tuple[Feature, ...],
    snapshots: Snapshots,
    *,
    verdict: str = "",
    scores: Mapping[str, pd.DataFrame] | None = None,
) -> SegmentInputs:
    """Put together what the page shows.

    Parameters
    ----------
    cutoff : str
        Name of the cutoff's folder.
    kept : KeptSegments or None
        The segments in use.
    features : tuple of Feature
        What accounts are compared by.
    snapshots : Snapshots
        The newest accounts and those of the date before.
    verdict : str
        What was done to find or keep the segments.
    scores : mapping of target name to DataFrame, optional
        The newest expected amounts of value targets.
    """
    worth = _find_worth(config, snapshots, scores or {})
    accounts = _describe_accounts(config, paths, snapshots)
    names = ("rfm_segment", "lifecycle_stage", "value_tier", "channel", "cohort")
    groups = {name: group_accounts(accounts, name, worth) for name in names if name in accounts and name not in config.private}
    known_by = None if snapshots.as_of_date is None else date.fromisoformat(cutoff)
    shared: dict[str, Any] = {
        "n_on_file": count_accounts(paths.marts, known_by),
        "is_leaving_known": _is_leaving_known(config, paths, snapshots),
        "worth": worth,
        "groups": {name: table for name, table in groups.items() if len(table) > 1},
        "cohorts": build_cohorts(_read(paths.marts / "fct_cohort_months.parquet")),
        "concentration": _read_concentration(config, paths, cutoff),
        "profitability": sum_profit(_read(paths.root / "reporting" / "rpt_customer_profitability.parquet")),
    }
    if kept is None:
        return SegmentInputs(config, cutoff, snapshots, features, verdict, **shared)
    now = assign_segments(kept, snapshots.newest, cutoff=cutoff)
    before = assign_segments(kept, snapshots.before, cutoff=cutoff) if snapshots.date_before else _empty()
    traits = build_traits(features, config.currency)
    return SegmentInputs(
        config,
        cutoff,
        snapshots,
        features,
        verdict,
        kept=kept,
        profile=_with_worth(profile_segments(snapshots.newest, kept.model, kept.model.assign(snapshots.newest)), now, worth),
        projection=project_accounts(kept.model, snapshots.newest, traits, seed=config.training.seed),
        migration=count_migration(before, now) if len(before) else _empty(),
        **shared,
    )


def group_accounts(accounts: pd.DataFrame, name: str, worth: Worth | None) -> pd.DataFrame:
    """Sum accounts by a column: level, n, share, mean_worth, worth_share; the most valuable first, levels without a name left out."""
    known = accounts[accounts[name].notna()]
    table = known.groupby(known[name].astype(str)).size().rename("n").rename_axis("level").reset_index()
    if table.empty:
        return table
    table["share"] = table["n"] / table["n"].sum()
    if worth is not None:
        amounts = known["account_id"].map(worth.amounts)
        sums = amounts.groupby(known[name].astype(str)).agg(["mean", "sum"]).reindex(table["level"])
        total = float(amounts.sum())
        table["mean_worth"] = sums["mean"].to_numpy(float)
        table["worth_share"] = sums["sum"].to_numpy(float) / total if total > 0 else float("nan")
        return table.sort_values(["mean_worth", "level"], ascending=[False, True], kind="stable").reset_index(drop=True)
    return table.sort_values(["n", "level"], ascending=[False, True], kind="stable").reset_index(drop=True)


def sum_profit(accounts: pd.DataFrame) -> pd.DataFrame:
    """Sum `rpt_customer_profitability` by segment, and `(all)` last: level, n, revenue, margin, profit; no row without costs."""
    needed = ["costed_revenue", "margin", "profit"]
    if accounts.empty or not {"segment", *needed} <= set(accounts.columns):
        return _empty()
    known = accounts[accounts["margin"].notna()].assign(level=lambda frame: frame["segment"].fillna("(in no segment)"))
    grouped = known.groupby("level")[needed].sum().assign(n=known.groupby("level").size()).sort_values("profit", ascending=False)
    whole = pd.DataFrame([{**known[needed].sum().to_dict(), "n": len(known)}], index=["(all)"])
    return pd.concat([grouped, whole]).rename_axis("level").reset_index().rename(columns={"costed_revenue": "revenue"})


def value_targets(config: CompanyConfig) -> tuple[Target, ...]:
    """The targets with amounts, in the config's order."""
    return tuple(target for target in config.targets if target.kind == "value")


def _read(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path) if path.is_file() else _empty()


def _long(matrix: pd.DataFrame) -> pd.DataFrame:
    return matrix.rename_axis("cohort").reset_index().melt("cohort", var_name="months_since", value_name="value").dropna()


def _find_worth(config: CompanyConfig, snapshots: Snapshots, scores: Mapping[str, pd.DataFrame]) -> Worth | None:
    for target in value_targets(config):
        own = scores.get(target.name, _empty())
        if len(own):
            means = "margin" if target.value_means == "margin" else "revenue"
            label = f"expected {means} in the next {target.horizon_days} days"
            return Worth(own.astype({"account_id": str}).set_index("account_id")["score"], label, is_expected=True)
    if SPENT in snapshots.newest:
        spent = snapshots.newest.astype({"account_id": str}).set_index("account_id")[SPENT].fillna(0.0).astype(float)
        return Worth(spent, "revenue in the last 365 days", is_expected=False)
    return None


def _describe_accounts(config: CompanyConfig, paths: CompanyPaths, snapshots: Snapshots) -> pd.DataFrame:
    """The newest accounts with every grouping that some table gives: RFM segment, stage, tier, channel, cohort."""
    accounts = snapshots.newest[["account_id"]].astype({"account_id": str})
    rfm = _of_date(_read(paths.marts / "fct_rfm_scores.parquet"), snapshots)
    whole = _of_date(_read(paths.root / "reporting" / "rpt_account_360.parquet"), snapshots)
    for frame, columns in ((rfm, ["rfm_segment"]), (whole, ["lifecycle_stage", "value_tier"])):
        there = [name for name in columns if name in frame]
        if len(frame) and there:
            accounts = accounts.merge(frame[["account_id", *there]].astype({"account_id": str}), on="account_id", how="left")
    dim = _read(paths.marts / "dim_accounts.parquet")
    if len(dim):
        dim = dim.astype({"account_id": str})
        began = pd.to_datetime(dim["signed_up_at" if dim["signed_up_at"].notna().any() else "first_event_at"])
        dim = dim.assign(cohort=_cohort(began))
        accounts = accounts.merge(dim[[c for c in ("account_id", "channel", "cohort") if c in dim]], on="account_id", how="left")
    return accounts


def _is_leaving_known(config: CompanyConfig, paths: CompanyPaths, snapshots: Snapshots) -> bool:
    accounts = _of_date(_read(paths.root / "reporting" / "rpt_account_360.parquet"), snapshots)
    is_asked = any(target.kind == "churn" for target in config.targets)
    return not is_asked or "churn_score" not in accounts or bool(accounts["churn_score"].notna().any())


def _cohort(began: pd.Series) -> pd.Series:
    """Year of the begin, or its quarter when all lie within three years."""
    years = began.dt.year
    if years.max() - years.min() > 2:
        return years.map(lambda year: "" if pd.isna(year) else str(int(year))).replace("", None)
    return began.dt.to_period("Q").map(lambda quarter: None if pd.isna(quarter) else f"{quarter.year} Q{quarter.quarter}")


def _of_date(frame: pd.DataFrame, snapshots: Snapshots) -> pd.DataFrame:
    if frame.empty or "as_of_date" not in frame or snapshots.as_of_date is None:
        return frame
    return frame[pd.to_datetime(frame["as_of_date"]) == pd.Timestamp(snapshots.as_of_date)].drop_duplicates("account_id")


def _with_worth(profile: pd.DataFrame, now: pd.DataFrame, worth: Worth | None) -> pd.DataFrame:
    if worth is None:
        return profile
    amounts = now["account_id"].map(worth.amounts)
    sums = amounts.groupby(now["segment_number"]).agg(["mean", "sum"])
    sums.loc[0] = [amounts.mean(), amounts.sum()]
    found = sums.reindex(profile["segment"])
    total = float(amounts.sum())
    share = found["sum"].to_numpy(float) / total if total > 0 else float("nan")
    return profile.assign(mean_worth=found["mean"].to_numpy(float), worth_share=share)


def _read_concentration(config: CompanyConfig, paths: CompanyPaths, cutoff: str) -> pd.DataFrame:
    """Shares held by the tenths of the value model's test accounts: expected amounts in their own order, and actual ones in theirs.

    Of a model that the gate refused only what happened is told: its expectations stand on its own report, which says so.
    """
    for target in value_targets(config):
        folder = paths.reports / cutoff / target.name
        rows = _read(folder / "predictions.parquet")
        if len(rows) >= 100 and rows["y_true"].sum() > 0 and rows["y_pred"].sum() > 0:
            tenths = concentrate(rows["y_pred"], rows["y_true"])
            return tenths if _is_promoted(folder / "gate.json") else tenths.drop(columns="expected")
    return _empty()


def _is_promoted(gate: Path) -> bool:
    return gate.is_file() and bool(json.loads(gate.read_text(encoding="utf-8"))["is_promoted"])


def concentrate(expected: pd.Series, actual: pd.Series) -> pd.DataFrame:
    """Share of the whole held by each tenth, each column in its own falling order: group, expected, actual."""
    n = len(expected)
    tenth = pd.Series(range(n)) * 10 // n + 1
    shares = {
        name: pd.Series(values.sort_values(ascending=False).to_numpy(float)).groupby(tenth).sum() / float(values.sum())
        for name, values in (("expected", expected), ("actual", actual))
    }
    return pd.DataFrame(shares).rename_axis("group").reset_index()
