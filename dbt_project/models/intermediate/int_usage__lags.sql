{{ config(materialized='view') }}
{#- The last twelve months beside each row of the spine, taken from the account's lists by place. The spine comes as a list, too, so that
    the only join is one of accounts: no row with all its lags has to be kept to be looked up. -#}
{%- set n_versions = usage_versions() | int -%}
{%- set as_of_date = 'cast(null as date)' if var('is_undated') else 'month_end_date' -%}
with spine as (

    select * from {{ ref('int_accounts__spine') }}

),

histories as (

    select * from {{ ref('int_usage__histories') }}

),

late_snapshots as (

    select * from {{ ref('int_usage__late_snapshots') }}

),

account_snapshots as (

    select
        account_id,
        extract('day' from month_end_date) as anchor_day,
        {{ collect_list('month_end_date') }} as month_end_dates
    from spine
    group by 1, 2

),

snapshots as (

    select
        histories.*,
        account_snapshots.account_id as snapshot_account_id,
        {{ items_of_list('account_snapshots.month_end_dates') }} as month_end_date
    from account_snapshots
    left join histories
        on
            account_snapshots.account_id = histories.account_id
            and account_snapshots.anchor_day = histories.anchor_day

),

-- Where in the lists each lag stands; null where there is no such month.
places as (

    select
        snapshots.*
        {%- for lag in range(1, 13) %},
        {{ place_in_list('month_numbers', month_number('month_end_date') ~ ' - ' ~ (lag - 1)) }} as place_{{ lag }}
        {%- endfor %}
        {%- for lag in range(1, n_versions) %},
        {{ place_in_list('late_month_numbers', month_number('month_end_date') ~ ' - ' ~ (lag - 1)) }} as late_place_{{ lag }}
        {%- endfor %}
    from snapshots

),

lags as (

    select
        snapshot_account_id as account_id,
        month_end_date,
        {{ as_of_date }} as as_of_date
        {%- for metric in var('usage_metrics') %}
        {%- for lag in range(1, 13) %},
        {% if lag < n_versions -%}
        case
            when late_place_{{ lag }} > 0 then {{ item_of_list(usage_version(metric, lag - 1), 'late_place_' ~ lag) }}
            else {{ item_of_list(usage_settled(metric), 'place_' ~ lag) }}
        end as {{ usage_lag(metric, lag) }}
        {%- else -%}
        {{ item_of_list(usage_settled(metric), 'place_' ~ lag) }} as {{ usage_lag(metric, lag) }}
        {%- endif %}
        {%- endfor %}
        {%- endfor %}
    from places

)

select lags.*
from lags
left join late_snapshots
    on
        lags.account_id = late_snapshots.account_id
        and lags.month_end_date = late_snapshots.snapshot_date
where late_snapshots.account_id is null
union all
select
    account_id,
    snapshot_date as month_end_date,
    {{ as_of_date.replace('month_end_date', 'snapshot_date') }} as as_of_date
    {%- for metric in var('usage_metrics') %}
    {%- for lag in range(1, 13) %},
    {{ usage_lag(metric, lag) }}
    {%- endfor %}
    {%- endfor %}
from late_snapshots
