"""K-means segments: how many, how stable, and what a density-based search finds instead.

Here: `fit_segments` and `SegmentModel`, plain numbers that later months are assigned with. Add a way of clustering as another row of
`alternatives`. Keep what segments mean to people in `naming`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv_platform.models.segments.naming import Trait, name_segments
from clv_platform.models.segments.scaling import Scaling, fit_scaling

Floats = NDArray[np.float64]
_SAMPLE = 5_000  # rows for silhouettes and densities, which compare all pairs
_N_STARTS = 10
STABLE = 0.75  # mean adjusted Rand index of refits on resampled accounts


@dataclass(frozen=True)
class SegmentModel:
    """Where the segments lie; assigning needs nothing else.

    Attributes
    ----------
    scaling : Scaling
    centres : ndarray of shape (k, p)
        In scaled units, largest segment first.
    names : tuple of k str
    """

    scaling: Scaling
    centres: Floats
    names: tuple[str, ...]

    def assign(self, frame: pd.DataFrame) -> NDArray[np.intp]:
        """Number of the nearest segment of each account, shape (n,)."""
        values = self.scaling.apply(frame)
        # |v - c|^2 without |v|^2, which is the same for all segments.
        return np.argmin(np.square(self.centres).sum(axis=1) - 2 * values @ self.centres.T, axis=1)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"scaling": self.scaling.to_json(), "centres": self.centres.tolist(), "names": list(self.names)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> SegmentModel:
        """Read what `to_json` gave."""
        return cls(Scaling.from_json(content["scaling"]), np.array(content["centres"], dtype=np.float64), tuple(content["names"]))


@dataclass(frozen=True)
class SegmentFit:
    """Segments and how they were found.

    Attributes
    ----------
    model : SegmentModel
    labels : ndarray of shape (n,)
        Segment of each account given.
    choice : DataFrame
        n_segments, inertia (elbow), silhouette (-1 to 1), stability (adjusted Rand index of refits on resampled accounts, 1 = the same
        again), is_chosen.
    profile : DataFrame
        segment, name, n, share, then the median of every feature; `(all)` last.
    alternatives : DataFrame
        method, n_segments, noise_share, silhouette, agreement (adjusted Rand index with the K-means segments): HDBSCAN on a sample.
    """

    model: SegmentModel
    labels: NDArray[np.intp]
    choice: pd.DataFrame
    profile: pd.DataFrame
    alternatives: pd.DataFrame


def fit_segments(
    frame: pd.DataFrame,
    features: Sequence[str],
    *,
    labels: Mapping[str, str | Trait] | None = None,
    n_segments: Sequence[int] = range(3, 9),
    n_resamples: int = 10,
    seed: int = 0,
) -> SegmentFit:
    """Find segments of accounts.

    Parameters
    ----------
    frame : DataFrame
        One row per account.
    features : sequence of str
        Numeric columns to compare by.
    labels : mapping, optional
        Feature to a label or a trait, for names.
    n_segments : sequence of int
        Numbers to try. The best silhouette among the stable ones is chosen; when none is stable, the most stable.
    n_resamples, seed : int

    Raises
    ------
    ValueError
        With fewer than ten accounts per segment of the smallest number, or no feature that differs.
    """
    smallest = min(n_segments)
    if len(frame) < 10 * smallest:
        raise ValueError(f"segments: expected at least {10 * smallest} accounts for {smallest} segments, found {len(frame)}.")
    scaling = fit_scaling(frame, features)
    values = scaling.apply(frame)
    n_distinct = len(np.unique(values, axis=0))
    tried = [k for k in n_segments if len(frame) >= 10 * k and k < n_distinct] or [smallest]
    fits = {k: _k_means(values, k, _N_STARTS, seed) for k in tried}
    rng = np.random.default_rng(seed)
    sample = rng.choice(len(values), min(_SAMPLE, len(values)), replace=False)
    rows = [
        {
            "n_segments": k,
            "inertia": float(fit.inertia_),
            "silhouette": _silhouette(values[sample], np.asarray(fit.labels_)[sample]),
            "stability": _stability(values, np.asarray(fit.labels_), k, n_resamples, seed),
        }
        for k, fit in fits.items()
    ]
    choice = pd.DataFrame(rows)
    stable = choice[choice["stability"] >= STABLE]
    column, among = ("silhouette", stable) if len(stable) else ("stability", choice)
    k = int(among["n_segments"].to_numpy()[int(np.nanargmax(among[column].to_numpy()))])
    choice["is_chosen"] = choice["n_segments"] == k
    order = np.argsort(-np.bincount(np.asarray(fits[k].labels_), minlength=k), kind="stable")
    centres = np.asarray(fits[k].cluster_centers_, dtype=np.float64)[order]
    model = SegmentModel(scaling, centres, name_segments(centres, scaling.features, labels or {}))
    assigned = model.assign(frame)
    return SegmentFit(model, assigned, choice, profile_segments(frame, model, assigned), _densities(values[sample], assigned[sample]))


def _k_means(values: Floats, k: int, n_starts: int, seed: int) -> Any:
    from sklearn.cluster import KMeans

    options: dict[str, Any] = {"n_init": n_starts, "random_state": seed}
    return KMeans(k, **options).fit(values)


def _stability(values: Floats, labels: NDArray[Any], k: int, n_resamples: int, seed: int) -> float:
    """Mean agreement of the segments with those found on resampled accounts, judged on all accounts."""
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(seed)
    agreements = []
    for _ in range(n_resamples):
        drawn = values[rng.integers(0, len(values), min(len(values), 4 * _SAMPLE))]
        again = _k_means(drawn, k, 3, int(rng.integers(1 << 31)))
        agreements.append(adjusted_rand_score(labels, again.predict(values)))
    return float(np.mean(agreements))


def _silhouette(values: Floats, labels: NDArray[Any]) -> float:
    from sklearn.metrics import silhouette_score

    n_groups = len(np.unique(labels))
    return float(silhouette_score(values, labels)) if 1 < n_groups < len(values) else float("nan")


def _densities(values: Floats, assigned: NDArray[np.intp]) -> pd.DataFrame:
    """Groups where accounts lie densely, of any shape; the rest is noise."""
    from sklearn.cluster import HDBSCAN
    from sklearn.metrics import adjusted_rand_score

    options: dict[str, Any] = {"min_cluster_size": max(10, len(values) // 20), "copy": True}
    found = np.asarray(HDBSCAN(**options).fit_predict(values))
    is_grouped = found >= 0
    row = {
        "method": "HDBSCAN",
        "n_segments": len(np.unique(found[is_grouped])),
        "noise_share": float((~is_grouped).mean()),
        "silhouette": _silhouette(values[is_grouped], found[is_grouped]) if is_grouped.any() else float("nan"),
        "agreement": float(adjusted_rand_score(assigned[is_grouped], found[is_grouped])) if is_grouped.any() else float("nan"),
    }
    return pd.DataFrame([row])


def profile_segments(frame: pd.DataFrame, model: SegmentModel, labels: NDArray[np.intp]) -> pd.DataFrame:
    """Describe segments: segment, name, n, share, then the median of every feature; a row `(all)` last."""
    features = list(model.scaling.features)
    rows = []
    for segment, name in enumerate(model.names):
        own = frame.loc[labels == segment, features]
        rows.append({"segment": segment + 1, "name": name, "n": len(own), "share": len(own) / len(frame), **own.median().to_dict()})
    rows.append({"segment": 0, "name": "(all)", "n": len(frame), "share": 1.0, **frame[features].median().to_dict()})
    return pd.DataFrame(rows)
