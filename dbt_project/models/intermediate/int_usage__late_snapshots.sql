{#- The few snapshots that see a row which came later than the versions of its month reach: their lags are put together one by one. -#}
with months as (

    select * from {{ ref('int_usage__months') }}

),

spine as (

    select * from {{ ref('int_accounts__spine') }}

),

late as (

    select
        account_id,
        month_end_date,
        {{ dbt.dateadd('month', 'n_months_late', 'month_end_date') }} as known_date
    from months
    where n_months_late between {{ usage_versions() }} and 11

),

snapshots as (

    select distinct
        spine.account_id,
        spine.month_end_date as snapshot_date
    from late
    inner join spine
        on
            late.account_id = spine.account_id
            and late.known_date <= spine.month_end_date
            and late.month_end_date > {{ dbt.dateadd('month', -12, 'spine.month_end_date') }}
            and extract('day' from late.month_end_date) = extract('day' from spine.month_end_date)

),

parts as (

    select
        snapshots.snapshot_date,
        {{ dbt.datediff('months.month_end_date', 'snapshots.snapshot_date', 'month') }} + 1 as lag_months,
        months.*
    from snapshots
    inner join months
        on
            snapshots.account_id = months.account_id
            and months.month_end_date <= snapshots.snapshot_date
            and months.month_end_date > {{ dbt.dateadd('month', -12, 'snapshots.snapshot_date') }}
            and {{ dbt.dateadd('month', 'months.n_months_late', 'months.month_end_date') }} <= snapshots.snapshot_date
            and extract('day' from months.month_end_date) = extract('day' from snapshots.snapshot_date)

)

select
    account_id,
    snapshot_date
    {%- for metric in var('usage_metrics') %}
    {%- for lag in range(1, 13) %},
    {{ usage_value(metric, 'lag_months = ' ~ lag) }} as {{ usage_lag(metric, lag) }}
    {%- endfor %}
    {%- endfor %}
from parts
group by account_id, snapshot_date
