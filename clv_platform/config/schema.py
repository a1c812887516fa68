"""The shape of a company config: frozen pydantic models, one per block of the YAML file.

Add a key here with its default and a description. Keys about an account's worth that hold for the whole company are in `value_schema`.
Keep reading of files and environment out (see `load`): these are plain values.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from clv_platform.config.value_schema import Lifecycle, Segments, ValueChoice, ValueTiers

FeatureType = Literal["number", "boolean", "category"]
TargetKind = Literal["upgrade", "churn", "value"]
SourceFormat = Literal["csv", "parquet", "json", "excel", "text"]

Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


StrList = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class _Block(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Input(_Block):
    """One thing that can be read: files of one format, or a table (or SELECT) of a PostgreSQL database."""

    files: StrList = ()
    format: SourceFormat | None = None  # guessed from the suffix when absent
    delimiter: str | None = None  # sniffed when absent
    header: bool = True
    column_names: tuple[str, ...] = ()  # for files without a header line
    encoding: str = "utf-8"  # utf-8, utf-16, latin-1, ...
    decimal: Literal[".", ","] = "."
    sheet: str | None = None  # Excel; the first sheet when absent
    database: str | None = None  # "${NAME_OF_A_VARIABLE}" that holds the address
    table: str | None = None  # schema.table in that database
    database_query: str | None = None  # or one SELECT in that database's dialect

    @model_validator(mode="after")
    def _one_origin(self) -> Input:
        if self.database and not (self.table or self.database_query):
            raise ValueError("a database needs `table` or `database_query`")
        if self.database and self.files:
            raise ValueError("give either `files` or `database`, not both")
        if self.database and not (self.database.startswith("${") and self.database.endswith("}")):
            raise ValueError("name an environment variable as `${NAME}`: addresses and passwords do not belong into a config")
        return self


class ExclusionRule(_Block):
    """Rows of a source left out on purpose, each counted under the rule's name."""

    rule: Name
    where: str  # SQL over the source's own column names, DuckDB's dialect


class Source(Input):
    """Where one raw table comes from and how its columns are called there."""

    inputs: dict[Name, Input] = {}
    query: str | None = None  # one SELECT over `inputs`, DuckDB's dialect
    derive_from: StrList = ()  # accounts only: the distinct account ids of these tables
    columns: dict[str, str] = {}  # contract column -> column of the source
    null_values: tuple[str, ...] = ()
    date_format: str | dict[str, str] | None = None  # strptime; one for all, or by contract column
    key: StrList = ()  # instead of the contract's key
    exclude: tuple[ExclusionRule, ...] = ()
    optional: bool = False  # no file yet is not an error

    @model_validator(mode="after")
    def _has_origin(self) -> Source:
        origins = [bool(self.files or self.database), bool(self.query), bool(self.derive_from)]
        if sum(origins) != 1:
            raise ValueError("give exactly one of `files`, `database`, `query` (with `inputs`) or `derive_from`")
        return self


class UsageMetric(_Block):
    """A metric of the long table `usage`."""

    label: str
    unit: str
    aggregate: Literal["sum", "mean", "max"] = "sum"  # of the readings within one month


class ColumnFeature(_Block):
    """A column of `accounts` or `account_snapshots`, or a derived expression, that models may use."""

    type: FeatureType = "number"
    label: str = ""
    unit: str = ""
    description: str = ""
    sql: str | None = None  # derived features: DuckDB SQL over feature names


class Interaction(_Block):
    """Two usage metrics, or a metric and `support_cases`, put in relation over the last three months."""

    numerator: str
    denominator: str


class Plans(_Block):
    """The plans in rising order; an upgrade is a rise of rank. `also_called`: a plan's other names (`Team: [Team Plan, team-plan]`)."""

    order: tuple[str, ...] = Field(min_length=1)
    also_called: dict[str, tuple[str, ...]] = {}
    count_trials: bool = False

    @model_validator(mode="after")
    def _each_once(self) -> Plans:
        twice = sorted({plan for plan in self.order if self.order.count(plan) > 1})
        if twice:
            raise ValueError(f"order names {', '.join(twice)} more than once; a plan has one rank")
        unknown = sorted(set(self.also_called) - set(self.order))
        if unknown:
            raise ValueError(f"also_called gives other names of {', '.join(unknown)}, expected plans of `order`: {', '.join(self.order)}")
        others = [name for names in self.also_called.values() for name in names]
        twice = sorted({name for name in others if name in self.order or others.count(name) > 1})
        if twice:
            raise ValueError(
                f"also_called names {', '.join(twice)}, which is a plan of `order` or another name already; a name means one plan"
            )
        return self


class Eligibility(_Block):
    """Which accounts are left out at a snapshot, each with its reason in `int_excluded_accounts`; decided by what is known then."""

    min_tenure_days: int = Field(default=30, ge=0)
    min_active_months: int = Field(default=0, ge=0, le=12)  # of the last 12 complete months, with any usage, order or session
    max_account_age_years: float | None = Field(default=None, gt=0)


Activities = Annotated[tuple[Literal["orders", "usage", "web_sessions"], ...], BeforeValidator(_as_list)]


class Target(_Block):
    """One question to the data: a kind, a horizon and, for flat tables, the label column."""

    name: Name
    kind: TargetKind
    horizon_days: int = Field(default=90, ge=1)
    as_of_dates: tuple[date, ...] = ()
    label_column: str | None = None  # of account_snapshots
    positive_values: tuple[str, ...] = ("1", "true", "yes")  # compared without case
    base_rate_is_sampled: bool = False  # rows were drawn by what happened, so the share of positives isn't the true one; reports say so
    churn_means: Literal["ended", "silent"] = "ended"  # no subscription left at the end of the horizon, or no activity within it
    activity: Activities = ("orders", "usage")  # what a silent account doesn't show
    # Silent: only an account that was active so recently can fall silent; by default the horizon.
    active_within_days: int | None = Field(default=None, ge=1)
    duration_column: str | None = None  # of account_snapshots: how long the account has been here; for the history of flat churn labels
    value_per_event: float | None = Field(default=None, gt=0)  # what one event is worth, in `currency`: the backtest then speaks of money
    contact_cost: float = Field(default=0.0, ge=0)  # of contacting one account
    # Kind value: what is summed over the horizon, and how its models learn.
    value_means: Literal["revenue", "margin"] = "revenue"  # margin: amount - cost; where no cost is known, amount x margin_share
    margin_share: float = Field(default=1.0, gt=0, le=1)
    annual_discount_rate: float = Field(default=0.1, ge=0, le=1)
    learning_windows: tuple[Annotated[int, Field(ge=1)], ...] = ()  # days; shorter windows than the horizon that models may learn on
    time_unit_days: int = Field(default=7, ge=1, le=366)  # the time unit of the frequency models
    n_folds: int = Field(default=5, ge=2)
    fold_seeds: tuple[int, ...] = Field(default=(0,), min_length=1)


# Folders and assets of the platform that targets' own would be confused with, such as models/segments_model and reports/data_report.
RESERVED_NAMES = frozenset({"segments", "exploration", "data", "company", "review"})
VALUE_KEYS = frozenset({"value_means", "margin_share", "annual_discount_rate", "learning_windows", "time_unit_days"})

Algorithm = Literal[
    "logistic_regression", "random_forest", "neural_network", "xgboost", "catboost", "dense_network", "recurrent_network"
]  # the last two, of value targets alone, need the extra `deep`


class Tuning(_Block):
    """How long parameters are searched for: trials; seconds of computing are a backstop, because results then depend on the machine."""

    trials: int = Field(default=4, ge=0)  # 0: the default parameters
    seconds: float = Field(default=240.0, gt=0)
    max_rows: int = Field(default=25_000, ge=1_000)  # fitted rows per fold on which arms and trials are compared; a retraining takes all
    retrain_trials: int = Field(default=80, ge=0)  # what `retrain_models_job` and `clv run --retrain` spend
    retrain_seconds: float = Field(default=3600.0, gt=0)


class SliceSearch(_Block):
    """Where the search for groups with wrong predictions looks, and when it raises an alarm."""

    max_depth: int = Field(default=2, ge=1, le=3)
    n_bins: int = Field(default=4, ge=2)  # of a numeric column, by quantile
    max_levels: int = Field(default=30, ge=2)  # of a column; the rarer ones are one level
    min_rows: int = Field(default=50, ge=10)
    n_draws: int = Field(default=199, ge=19)  # of the Monte-Carlo threshold
    alarm_rate: float = Field(default=0.05, gt=0, lt=0.5)  # chance of any alarm when nothing is wrong
    min_gain: float = Field(default=0.001, ge=0)  # recoverable log loss in nats per row of the slice


class Training(_Block):
    """How models are trained."""

    seed: int = 0
    arms: tuple[Literal["none", "class_weight", "smote"], ...] = Field(default=("none", "class_weight", "smote"), min_length=1)
    n_test_dates: int = Field(default=3, ge=1)
    n_bootstraps: int = Field(default=500, ge=50)
    lightgbm: dict[str, float | int | bool] = {}  # overrides of the default parameters
    min_positives: int = Field(default=30, ge=2)
    tuning: Tuning = Tuning()
    comparators: tuple[Algorithm, ...] = get_args(Algorithm)


class Review(_Block):
    """What becomes of reviewers' feedback."""

    use_corrected_labels: bool = False  # labels that reviewers corrected, and a publisher took up, replace those of training rows


class Snapshots(_Block):
    """The grid of as-of dates: firsts of month, unless dates are listed."""

    first: date | None = None
    dates: tuple[date, ...] = ()
    is_undated: bool = False  # a flat table without dates


class CompanyConfig(_Block):
    """Everything that differs from company to company."""

    name: Name
    title: str
    currency: str = "EUR"
    exchange_rates: dict[str, float] = {}  # one unit of the key in `currency`
    observed_until: date | None = None  # exclusive; default the day after the last event
    sources: dict[str, Source]
    plans: Plans | None = None
    usage_metrics: dict[Name, UsageMetric] = {}
    account_columns: dict[Name, ColumnFeature] = {}  # extra columns of `accounts`
    snapshot_columns: dict[Name, ColumnFeature] = {}  # columns of `account_snapshots`
    derived_features: dict[Name, str | ColumnFeature] = {}
    interactions: tuple[Interaction, ...] = ()
    private: tuple[str, ...] = ()  # never shown
    unused: tuple[str, ...] = ()  # never used by models
    slices: tuple[str, ...] = ()
    snapshots: Snapshots = Snapshots()
    eligibility: Eligibility = Eligibility()
    targets: tuple[Target, ...] = ()
    training: Training = Training()
    slice_search: SliceSearch = SliceSearch()
    value_choice: ValueChoice = ValueChoice()
    value_tiers: ValueTiers = ValueTiers()
    segments: Segments = Segments()
    lifecycle: Lifecycle = Lifecycle()
    review: Review = Review()
    keep_runs: int = Field(default=12, ge=1)
    call_list_size: int = Field(default=100, ge=1)

    @model_validator(mode="after")
    def _consistent(self) -> CompanyConfig:
        names = [target.name for target in self.targets]
        if len(names) != len(set(names)):
            raise ValueError("targets: two targets have the same name")
        if taken := sorted(RESERVED_NAMES & set(names)):
            raise ValueError(
                f"targets: no target can be named `{taken[0]}`: the platform's own models, scores or reports are kept under that name; "
                f"call it otherwise, such as `{taken[0]}_target`"
            )
        if any(t.kind == "upgrade" and not t.label_column for t in self.targets) and self.plans is None:
            raise ValueError("plans: an upgrade target without `label_column` needs `plans.order`, the plans from lowest to top")
        for target in self.targets:
            self._check_churn(target)
            self._check_value(target)
        if self.review.use_corrected_labels and self.snapshots.is_undated:
            raise ValueError(
                "review: `use_corrected_labels` is for dated data; without dates every row is both learnt from and judged by, so correct "
                "the label column of the flat table itself"
            )
        known = {*self.usage_metrics, "support_cases"}
        unknown = [n for pair in self.interactions for n in (pair.numerator, pair.denominator) if n not in known]
        if unknown and "usage" in self.sources:
            there = ", ".join(self.usage_metrics) or "none"
            raise ValueError(f"interactions: {unknown[0]!r} is none of usage_metrics ({there}), nor support_cases")
        dates = [*self.snapshots.dates, *(d for t in self.targets for d in t.as_of_dates)]
        if any(d.day > 28 for d in dates):
            raise ValueError("snapshots: an as-of date must be on day 1 to 28, so that every month has it")
        return self

    def _check_churn(self, target: Target) -> None:
        if target.churn_means == "silent":
            if target.kind != "churn" or target.label_column:
                raise ValueError(f"targets: `{target.name}` has `churn_means: silent`, which is for churn targets without `label_column`")
            if not any(table in self.sources for table in target.activity):
                raise ValueError(
                    f"targets: `{target.name}` looks for silence in {', '.join(target.activity)}, and no such source is there; "
                    "list under `activity` what the sources have"
                )
        duration = self.snapshot_columns.get(target.duration_column or "")
        if target.duration_column and (duration is None or duration.type != "number"):
            raise ValueError(f"targets: `duration_column` of `{target.name}` must be a number among `snapshot_columns`")

    def _check_value(self, target: Target) -> None:
        if target.kind != "value":
            if given := sorted(VALUE_KEYS & target.model_fields_set):
                raise ValueError(f"targets: `{target.name}` has `{given[0]}`, which is for targets of kind value; remove it")
            return
        if self.snapshots.is_undated:
            raise ValueError(
                f"targets: `{target.name}` is of kind value, which is summed from dated orders around a date, and this config says "
                "`snapshots: {is_undated: true}`; remove that line and give dated orders, or no such target"
            )
        if target.label_column:
            raise ValueError(f"targets: `{target.name}` is of kind value, which is summed from dated orders; it takes no flat label column")
        if "orders" not in self.sources:
            raise ValueError(f"targets: `{target.name}` is of kind value, summed from orders; add a source `orders` (invoices, say)")
        if target.learning_windows and max(target.learning_windows) >= target.horizon_days:
            raise ValueError(
                f"targets: `learning_windows` of `{target.name}` must be shorter than its horizon of {target.horizon_days} days, "
                f"found {max(target.learning_windows)}; the horizon itself is always learnt on"
            )
        if target.value_means == "revenue" and "margin_share" in target.model_fields_set:
            raise ValueError(f"targets: `{target.name}` has `margin_share`, which needs `value_means: margin`")

    def target(self, name: str) -> Target:
        """Return the target of that name; KeyError lists the names there are."""
        for target in self.targets:
            if target.name == name:
                return target
        raise KeyError(f"no target {name!r} in config {self.name!r}; there are: {', '.join(t.name for t in self.targets) or 'none'}")
