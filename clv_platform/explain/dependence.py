"""How the contribution of a feature depends on its value, and on which other feature that depends most.

Here: the partner of each strong feature and the points to draw. Keep drawing out (`reports`).

SHAP interaction values would name the partner exactly, but they need the trees themselves, in memory and time that grow with the square of
the features. From contributions alone: a feature's contribution given its value is its main effect plus half its interactions, so what is
left within narrow bins of the value is interactions; the partner is the feature whose low, middle and high thirds explain most of that,
beyond what as many random groups would. Tests compare the partner with the exact one.

References
----------
Lundberg, Erion and Lee (2018), Consistent individualized feature attribution for tree ensembles (dependence plots coloured by the partner).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clv_platform.datasets import Examples
from clv_platform.explain.families import Families

N_PLOTS = 4
MIN_PARTNER = 0.10  # of what the value itself leaves unexplained; less is no interaction worth a colour
MIN_SPREAD = 0.05  # of the contribution's variance left within bins; below, the feature acts on its own
_BINS, _GROUPS = 20, 3
_COLUMNS = [
    "position", "feature", "label", "type", "unit", "account_id", "value", "value_text", "contribution",
    "partner", "partner_label", "partner_type", "partner_share", "partner_rank", "partner_text",
]  # fmt: skip


def find_dependence(
    sample: Examples, contributions: np.ndarray, names: Sequence[str], strongest: Sequence[str], families: Families, n_plots: int = N_PLOTS
) -> pd.DataFrame:
    """Tabulate value against contribution for the strongest features of different families, with their partners.

    Parameters
    ----------
    sample : Examples
        Rows to draw.
    contributions : ndarray of shape (n, p)
        Their contributions, one column per name.
    names : sequence of str
        The model's features.
    strongest : sequence of str
        Shown features, strongest first.
    families : Families
        A partner is of another family; private features are in none and are neither drawn nor partners.

    Returns
    -------
    DataFrame
        position (1 = strongest), feature, label, type, unit, account_id, value (float; NaN for categories), value_text (categories and
        booleans), contribution (log-odds), partner, partner_label, partner_type, partner_share (of the variance that the value leaves, 0 to
        1), partner_rank (0 to 1 among the sample), partner_text: one row per sampled example and drawn feature. Without a partner, its
        columns are empty.
    """
    by_name = {feature.name: feature for feature in sample.features}
    family_of = {names[column]: families.names[member] for column, member in zip(families.columns, families.member, strict=True)}
    column = {name: position for position, name in enumerate(names)}
    moving = [name for name in strongest if len(sample) and np.ptp(contributions[:, column[name]]) > 0]
    by_family = {family_of[name]: name for name in reversed(moving)}  # the strongest of each family
    drawn = [name for name in moving if by_family[family_of[name]] == name][:n_plots]
    parts: list[pd.DataFrame] = []
    for position, name in enumerate(drawn, start=1):
        phi = contributions[:, column[name]].astype(np.float64)
        others = [other for other in strongest if family_of[other] != family_of[name]]
        partner, share = find_partner(sample.X[name], phi, {other: sample.X[other] for other in others})
        feature = by_name[name]
        numbers, texts = _values(sample.X[name], feature.type)
        part = pd.DataFrame({"value": numbers, "value_text": texts, "contribution": phi})
        part = part.assign(position=position, feature=name, label=feature.label, type=feature.type, unit=feature.unit)
        part["account_id"] = sample.account_id
        part["partner"], part["partner_label"], part["partner_type"], part["partner_share"] = None, None, None, share
        part["partner_rank"], part["partner_text"] = np.nan, None
        if partner is not None:
            other = by_name[partner]
            part["partner"], part["partner_label"], part["partner_type"] = partner, other.label, other.type
            other_numbers, part["partner_text"] = _values(sample.X[partner], other.type)
            part["partner_rank"] = _rank(other_numbers)
        parts.append(part[_COLUMNS])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_COLUMNS)


def find_partner(values: pd.Series, contribution: np.ndarray, others: dict[str, pd.Series]) -> tuple[str | None, float]:
    """Find the feature on which a feature's contribution depends most, given the feature's own value.

    Parameters
    ----------
    values : Series of shape (n,)
        The feature.
    contribution : ndarray of shape (n,)
        Its contribution.
    others : dict of str to Series
        Candidates, of n rows each.

    Returns
    -------
    partner : str or None
        None when no candidate explains a tenth of what the value leaves, or the value leaves next to nothing.
    share : float
        Share of the variance within bins of the value that the partner explains, adjusted for the number of groups, 0 to 1.
    """
    bins = _bins(values, _BINS)
    left = contribution - _cell_means(bins, contribution)
    n, n_bins, total = len(left), len(np.unique(bins)), float(left @ left)
    if n < 2 * _BINS * _GROUPS or total <= MIN_SPREAD * float(np.var(contribution)) * n:
        return None, 0.0
    best, best_share = None, 0.0
    for name, other in others.items():
        cells = bins * 1_000 + _bins(other, _GROUPS)
        n_cells = len(np.unique(cells))
        if n_cells <= n_bins or n_cells >= n:
            continue
        unexplained = left - _cell_means(cells, left)
        share = 1 - (float(unexplained @ unexplained) / (n - n_cells)) / (total / (n - n_bins))
        if share > best_share:
            best, best_share = name, share
    return (best, best_share) if best_share >= MIN_PARTNER else (None, best_share)


def _bins(values: pd.Series, n_bins: int) -> np.ndarray:
    """Codes by quantile for numbers, by level for categories (beyond `n_bins` levels the rarest together); gaps are a bin of their own."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes = values.cat.codes.to_numpy().astype(int) + 1
        counts = np.bincount(codes)
        rank = np.empty(len(counts), dtype=int)
        rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
        return np.minimum(rank[codes], n_bins)
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    present = numbers[~np.isnan(numbers)]
    if not len(present):
        return np.zeros(len(numbers), dtype=int)
    edges = np.unique(np.quantile(present, np.linspace(0, 1, n_bins + 1)[1:-1]))
    return np.where(np.isnan(numbers), 0, 1 + np.searchsorted(edges, numbers, "left"))


def _cell_means(cells: np.ndarray, values: np.ndarray) -> np.ndarray:
    _, codes = np.unique(cells, return_inverse=True)
    return (np.bincount(codes, weights=values) / np.bincount(codes))[codes]


def _values(values: pd.Series, type_: str) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers, and texts for categories and booleans."""
    if type_ == "category":
        codes = values.cat.codes.to_numpy().astype(np.float64)
        texts = values.astype(object).to_numpy()
        return np.where(codes < 0, np.nan, codes), np.where(pd.isna(texts), "(no value)", texts)
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    texts = np.full(len(numbers), None, dtype=object)
    if type_ == "boolean":
        texts = np.where(np.isnan(numbers), "(no value)", np.where(numbers == 1, "yes", "no")).astype(object)
    return numbers, texts


def _rank(numbers: np.ndarray) -> np.ndarray:
    ranks = pd.Series(numbers).rank(method="average").to_numpy()
    n = np.count_nonzero(~np.isnan(ranks))
    return (ranks - 0.5) / n if n else ranks
