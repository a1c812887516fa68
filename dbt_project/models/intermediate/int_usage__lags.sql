{{ config(materialized='view') }}
{#- The last twelve months beside each snapshot. A grid without gaps lets one window serve all lags: one partition, one order. -#}
with spine as (

    select * from {{ ref('int_accounts__spine') }}

),

versions as (

    select * from {{ ref('int_usage__versions') }}

),

late_snapshots as (

    select * from {{ ref('int_usage__late_snapshots') }}

),

account_months as (

    select
        account_id,
        extract('day' from month_end_date) as anchor_day,
        min(month_end_date) as first_month_end_date
    from versions
    group by 1, 2

),

last_snapshot as (

    select max(month_end_date) as last_month_end_date from spine

),

grid as (

    select
        account_months.account_id,
        account_months.anchor_day,
        {{ generate_months('account_months.first_month_end_date', 'last_snapshot.last_month_end_date', 'month_end_date') }}
    from account_months
    cross join last_snapshot

),

windowed as (

    select
        grid.account_id,
        grid.month_end_date
        {%- for metric in var('usage_metrics') %},
        versions.{{ usage_version(metric, 0) }} as {{ usage_lag(metric, 1) }}
        {%- for lag in range(2, 13) %}
        {%- set late = [lag - 1, usage_versions() | int - 1] | min %},
        lag(versions.{{ usage_version(metric, late) }}, {{ lag - 1 }}) over months as {{ usage_lag(metric, lag) }}
        {%- endfor %}
        {%- endfor %}
    from grid
    left join versions
        on
            grid.account_id = versions.account_id
            and grid.month_end_date = versions.month_end_date
    window months as (partition by grid.account_id, grid.anchor_day order by grid.month_end_date)

)

select
    windowed.account_id,
    windowed.month_end_date
    {%- for metric in var('usage_metrics') %}
    {%- for lag in range(1, 13) %},
    windowed.{{ usage_lag(metric, lag) }}
    {%- endfor %}
    {%- endfor %}
from windowed
left join late_snapshots
    on
        windowed.account_id = late_snapshots.account_id
        and windowed.month_end_date = late_snapshots.snapshot_date
where late_snapshots.account_id is null
union all
select
    account_id,
    snapshot_date as month_end_date
    {%- for metric in var('usage_metrics') %}
    {%- for lag in range(1, 13) %},
    {{ usage_lag(metric, lag) }}
    {%- endfor %}
    {%- endfor %}
from late_snapshots
