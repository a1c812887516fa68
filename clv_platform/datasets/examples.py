"""Example tables to arrays: `fct_<kind>_examples` in, features, labels and keys out, typed and in a fixed order.

Add a type of feature here. Keep splitting (see `splits`), guards (see `leaks`) and anything learnt from rows (it belongs to `models`) out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv_platform.config import CompanyConfig, Target
from clv_platform.contracts.features import Feature, build_feature_catalogue
from clv_platform.datasets.labels import check_label_column, label_name


@dataclass(frozen=True)
class Examples:
    """Rows of `fct_<kind>_examples`: one per account and as-of date.

    Attributes
    ----------
    X : DataFrame of shape (n, p)
        Numbers float64, booleans float64 0/1/NaN, categories as pandas "category" of str; columns in catalogue order.
    y : array of shape (n,)
        float64, NaN = not usable (not mature, or the event has already happened).
    account_id : array of shape (n,)
        str objects.
    as_of_date : array of shape (n,)
        datetime64[D]; NaT when undated.
    features : tuple of Feature
        What the columns of X mean, in their order.
    label : str
        Name of the label column that `y` was read from.
    label_columns : tuple of str
        Names that only a label may have: a feature of such a name is a leak.
    """

    X: pd.DataFrame
    y: NDArray[np.float64]
    account_id: NDArray[np.object_]
    as_of_date: NDArray[np.datetime64]
    features: tuple[Feature, ...]
    label: str = ""
    label_columns: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.y)

    @property
    def is_usable(self) -> NDArray[np.bool_]:
        """Which rows have a label."""
        return ~np.isnan(self.y)

    @property
    def is_undated(self) -> bool:
        """Whether no row has a date."""
        return bool(np.isnat(self.as_of_date).all())

    def take(self, rows: NDArray[np.bool_] | NDArray[np.integer]) -> Examples:
        """Return the rows of a boolean mask, or at positions, in that order; categories keep all their levels."""
        positions: NDArray[np.integer] = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
        return replace(
            self,
            X=self.X.iloc[positions].reset_index(drop=True),
            y=self.y[positions],
            account_id=self.account_id[positions],
            as_of_date=self.as_of_date[positions],
        )


def build_examples(frame: pd.DataFrame, config: CompanyConfig, target: Target) -> Examples:
    """Turn the example table of a target into arrays.

    Parameters
    ----------
    frame : DataFrame
        `fct_<kind>_examples`: account_id, as_of_date, is_eligible, every feature of the catalogue, the label columns, and
        `is_eligible_<target>` where targets of the kind differ in it.
    config : CompanyConfig
        Gives the feature catalogue and whether the data are undated.
    target : Target
        Gives the label column; its own `as_of_dates`, if any, select rows.

    Returns
    -------
    Examples
        Eligible rows only, sorted by date and account, so that the order of the file doesn't matter.

    Raises
    ------
    ValueError
        When a column is missing or a number can't be read.
    LabelError
        When the label has one class only or values other than 0, 1 and null.
    """
    features = build_feature_catalogue(config)
    label = label_name(target, config.snapshots.is_undated)
    table = f"fct_{target.kind}_examples"
    require_columns(frame, ["account_id", "as_of_date", "is_eligible", label, *(feature.name for feature in features)], table)
    as_of_date = pd.to_datetime(frame["as_of_date"]).to_numpy().astype("datetime64[D]")
    account_id = frame["account_id"].astype(str).to_numpy(dtype=object)
    own = f"is_eligible_{target.name}"  # there when the targets of a kind differ in whom they can be asked of
    is_kept = frame[own if own in frame.columns else "is_eligible"].fillna(False).to_numpy(dtype=bool)
    if target.as_of_dates:
        is_kept = is_kept & np.isin(as_of_date, np.array(target.as_of_dates, dtype="datetime64[D]"))
    kept = np.flatnonzero(is_kept)
    kept = kept[np.lexsort((account_id[kept].astype(str), as_of_date[kept]))]
    y = read_numbers(frame[label].iloc[kept])
    check_label_column(y, target, label)
    X = pd.DataFrame({feature.name: feature_values(frame[feature.name].iloc[kept], feature, table) for feature in features})
    label_columns = dict.fromkeys([label, *(other.label_column for other in config.targets if other.label_column)])
    return Examples(X, y, account_id[kept], as_of_date[kept], features, label, tuple(label_columns))


def require_columns(frame: pd.DataFrame, columns: list[str], table: str) -> None:
    """Check that a mart has the columns; ValueError names those it lacks."""
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ValueError(
            f"{table}: expected {len(columns)} columns, found no {', '.join(missing)}. "
            "The table was built for another config or an older version: build the warehouse again."
        )


def feature_values(values: pd.Series, feature: Feature, table: str) -> NDArray[np.float64] | pd.Categorical:
    """Read a feature's column as its type; ValueError names table, column and remedy."""
    if feature.type == "category":
        return _categories(values)
    try:
        numbers = read_numbers(values)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{table}.{feature.name}: expected a {feature.type}, found {values.dtype} values ({error}). "
            f"Give `{feature.name}` the type `category` in the config, or mend its expression."
        ) from error
    # A ratio over nothing is unknown, not huge: an infinite value would also break every linear model.
    numbers[np.isinf(numbers)] = np.nan
    return numbers


def read_numbers(values: pd.Series) -> NDArray[np.float64]:
    """Numbers, decimals, booleans and their nulls as float64 with NaN, always a copy."""
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "biuf":  # most are; nullable numbers take ten times as long
        return np.array(values, dtype=np.float64)
    return np.array(values.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def _categories(values: pd.Series) -> pd.Categorical:
    codes, levels = pd.factorize(values)
    if not len(levels):
        return pd.Categorical.from_codes(np.full(len(values), -1), categories=pd.Index([], dtype=object))
    names, position = np.unique(np.array([str(level) for level in levels]), return_inverse=True)
    return pd.Categorical.from_codes(np.where(codes < 0, -1, position[codes]), categories=pd.Index(names.tolist(), dtype=object))
