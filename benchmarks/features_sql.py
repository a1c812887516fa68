"""The benchmark's features as bare DuckDB SQL by hand: no project, no tests, no catalogue, no list of rejected rows.

Here: what somebody who knows these files would write, with the same rules of time as the dbt models. Keep out: timing (`features`).
"""

from __future__ import annotations

from pathlib import Path

METRICS = ("users", "technical_sessions", "support_sessions", "posts", "impressions_facebook", "impressions_instagram", "impressions_x")
UNTIL = "2026-01-01"
# Rows come up to three months late in these files, so a month has four versions.
LATEST = 3
DAYS = (30, 90, 365)


def build_statements(files: Path) -> list[str]:
    """Return the statements that load the files and build `usage_features`, `support_features` and `web_features`."""
    return [*_load(files), *_spine(), *_usage(), _support(), _web()]


def _load(files: Path) -> list[str]:
    def source(name: str, happened_at: str, key: str, where: str) -> str:
        known = f"case when recorded_at > {happened_at} then recorded_at else {happened_at} end"
        recorded = "" if name in ("usage", "support_cases") else ", null::timestamp as recorded_at"
        return f"""
        create or replace table {name} as
        with good as (
            select *, {known} as known_at from
            (select * {recorded}, file_row_number as place from read_parquet('{files}/{name}.parquet', file_row_number = true))
            where {where}
        ), repeated as (select hash({key}) as h from good group by 1 having count(*) > 1)
        select * from good where hash({key}) not in (select h from repeated)
        union all
        select * from good where hash({key}) in (select h from repeated)
        qualify row_number() over (partition by {key} order by known_at desc nulls last, place desc) = 1"""

    known_account = "account_id in (select account_id from accounts)"
    usage = f"used_at is not null and trim(metric) <> '' and isfinite(value) and value >= 0 and {known_account}"
    cases = f"case_id is not null and opened_at is not null and (closed_at is null or closed_at >= opened_at) and {known_account}"
    visits = f"session_id is not null and started_at is not null and {known_account}"
    return [
        source("accounts", "signed_up_at", "account_id", "account_id is not null"),
        source("usage", "used_at", "account_id, used_at, metric", usage),
        source("support_cases", "opened_at", "case_id", cases),
        source("web_sessions", "started_at", "session_id", visits),
    ]


def _spine() -> list[str]:
    return [
        f"""
        create or replace table spine as
        with events as (
            select account_id, min(known_at) as known_at from (
                select account_id, min(known_at) as known_at from usage group by 1
                union all select account_id, min(known_at) from support_cases group by 1
                union all select account_id, min(known_at) from web_sessions group by 1
            ) group by 1
        ), dates as (
            select unnest(generate_series(first_month, timestamp '{UNTIL}', interval 1 month)) as moment
            from (select date_trunc('month', min(known_at)) + interval 1 month as first_month from usage)
        )
        select account_id, cast(moment as date) as as_of_date
        from accounts left join events using (account_id) cross join dates
        where coalesce(accounts.known_at, events.known_at) < moment"""
    ]


def _usage() -> list[str]:
    sums = ", ".join(f"sum(value) filter (metric = '{metric}') as {metric}" for metric in METRICS)
    versions = ", ".join(f"sum({metric}) filter (late <= {late}) as {metric}_{late}" for metric in METRICS for late in range(LATEST + 1))
    lags = ", ".join(f"lag({metric}_{min(lag, LATEST)}, {lag}) over w as {metric}__{lag + 1}" for metric in METRICS for lag in range(12))
    features = ", ".join(_usage_features(metric) for metric in METRICS)
    return [
        f"""
        create or replace table months as
        select account_id, month, datediff('month', month, known_month) as late, {sums}
        from (
            select account_id, metric, value, date_trunc('month', used_at) as month, date_trunc('month', known_at) as known_month
            from usage
        )
        group by 1, 2, 3""",
        f"""
        create or replace table usage_features as
        with versions as (
            select account_id, cast(month + interval 1 month as date) as as_of_date, {versions}
            from months where late <= {LATEST} group by account_id, month
        ), grid as (
            select account_id, cast(unnest(generate_series(first::timestamp, timestamp '{UNTIL}', interval 1 month)) as date) as as_of_date
            from (select account_id, min(as_of_date) as first from versions group by 1)
        ), lags as (
            select account_id, as_of_date, {lags} from grid left join versions using (account_id, as_of_date)
            window w as (partition by account_id order by as_of_date)
        )
        select account_id, as_of_date, {features} from spine left join lags using (account_id, as_of_date)""",
    ]


def _usage_features(metric: str) -> str:
    def column(lag: int) -> str:
        return f"{metric}__{lag}"

    parts = [f"{column(lag)} as {metric}_lag_{lag}m" for lag in (1, 2, 3)]
    total = {w: " + ".join(f"coalesce({column(lag)}, 0)" for lag in range(1, w + 1)) for w in (3, 6, 12)}
    n = {w: " + ".join(f"({column(lag)} is not null)::int" for lag in range(1, w + 1)) for w in (3, 6, 12)}
    for w in (3, 6, 12):
        parts += [
            f"case when {n[w]} > 0 then {total[w]} end as {metric}_sum_{w}m",
            f"({total[w]}) / nullif({n[w]}, 0) as {metric}_mean_{w}m",
        ]
    x = " + ".join(f"{-lag} * ({column(lag)} is not null)::int" for lag in range(1, 7))
    xx = " + ".join(f"{lag * lag} * ({column(lag)} is not null)::int" for lag in range(1, 7))
    xy = " + ".join(f"{-lag} * coalesce({column(lag)}, 0)" for lag in range(1, 7))
    slope = f"(({n[6]}) * ({xy}) - ({x}) * ({total[6]})) / nullif(({n[6]}) * ({xx}) - ({x}) * ({x}), 0)::double"
    parts.append(f"{slope} / nullif(({total[6]}) / nullif({n[6]}, 0), 0) as {metric}_trend_6m")
    long = f"nullif(({total[12]}) / nullif({n[12]}, 0), 0)"
    parts.append(f"(({total[3]}) / nullif({n[3]}, 0)) / {long} as {metric}_ratio_3m_12m")
    parts.append(f"{n[12]} as {metric}_n_months_12m")
    return ", ".join(parts)


def _support() -> str:
    counts = ", ".join(f"count(*) filter (opened_at >= as_of_date - interval {days} day) as n_cases_{days}d" for days in DAYS)
    zeros = ", ".join(f"coalesce(n_cases_{days}d, 0) as n_cases_{days}d" for days in DAYS)
    closing = "case when recorded_at > closed_at then recorded_at else closed_at end"
    closed = f"{closing} < as_of_date and closed_at >= as_of_date - interval 365 day"
    return f"""
        create or replace table support_features as
        with totals as (
            select account_id, as_of_date, {counts}, count(*) filter (coalesce({closing} >= as_of_date, true)) as n_open_cases,
                datediff('day', max(opened_at), as_of_date::timestamp) as days_since_last_case,
                avg(datediff('day', opened_at, closed_at)) filter ({closed}) as mean_days_to_close_365d,
                avg(satisfaction) filter ({closed}) as mean_satisfaction_365d
            from spine join support_cases using (account_id) where known_at < as_of_date group by 1, 2
        )
        select account_id, as_of_date, {zeros}, coalesce(n_open_cases, 0) as n_open_cases, days_since_last_case,
            mean_days_to_close_365d, mean_satisfaction_365d
        from spine left join totals using (account_id, as_of_date)"""


def _web() -> str:
    inside = {days: f"filter (started_at >= as_of_date - interval {days} day)" for days in DAYS}
    counts = ", ".join(
        f"count(*) {inside[days]} as n_sessions_{days}d, sum(n_pageviews) {inside[days]} as n_pageviews_{days}d" for days in DAYS
    )
    zeros = ", ".join(
        f"coalesce(n_sessions_{days}d, 0) as n_sessions_{days}d, coalesce(n_pageviews_{days}d, 0) as n_pageviews_{days}d" for days in DAYS
    )
    return f"""
        create or replace table web_features as
        with totals as (
            select account_id, as_of_date, {counts},
                count(*) filter (converted and started_at >= as_of_date - interval 365 day) as n_conversions_365d,
                datediff('day', max(started_at), as_of_date::timestamp) as days_since_last_session
            from spine join web_sessions using (account_id) where known_at < as_of_date group by 1, 2
        )
        select account_id, as_of_date, {zeros}, coalesce(n_conversions_365d, 0) as n_conversions_365d, days_since_last_session
        from spine left join totals using (account_id, as_of_date)"""
