{#- What happened month by month, for pictures and statements over time. `known_by_date` lets a reader who stands at an earlier cutoff leave
    out the months that were not complete then. What is dated from the data's end (`observed_until`) on hasn't happened: a slip of the pen. -#}
{%- set day = var('anchor_days')[0] -%}
with usage_parts as (

    select * from {{ ref('int_usage__months') }}
    where
        extract('day' from month_end_date) = {{ day }}
        and {{ dbt.dateadd('month', -1, 'month_end_date') }} < {{ observed_until_at() }}

),

orders as (

    select * from {{ ref('stg_raw__orders') }}
    where ordered_at < {{ observed_until_at() }}

),

support_cases as (

    select * from {{ ref('stg_raw__support_cases') }}
    where opened_at < {{ observed_until_at() }}

),

parts as (

    select
        account_id,
        month_end_date,
        cast({{ dbt.dateadd('month', 'max(n_months_late)', 'month_end_date') }} as date) as known_by_date,
        0 as n_orders,
        cast(0 as double) as revenue,
        0 as n_cases
        {%- for metric in var('usage_metrics') %},
        {{ usage_value(metric, 'true') }} as {{ adapter.quote(metric) }}
        {%- endfor %}
    from usage_parts
    group by account_id, month_end_date
    union all
    select
        account_id,
        {{ month_end_date('ordered_at', day) }} as month_end_date,
        max({{ month_end_date('known_at', day) }}) as known_by_date,
        count(distinct case when amount > 0 then coalesce(order_id, cast(ordered_at as varchar)) end) as n_orders,
        cast(round(sum(amount), 6) as double) as revenue,
        0 as n_cases
        {%- for metric in var('usage_metrics') %},
        null as {{ adapter.quote(metric) }}
        {%- endfor %}
    from orders
    group by 1, 2
    union all
    select
        account_id,
        {{ month_end_date('opened_at', day) }} as month_end_date,
        max({{ month_end_date('known_at', day) }}) as known_by_date,
        0 as n_orders,
        cast(0 as double) as revenue,
        count(*) as n_cases
        {%- for metric in var('usage_metrics') %},
        null as {{ adapter.quote(metric) }}
        {%- endfor %}
    from support_cases
    group by 1, 2

)

select
    cast(account_id as varchar) as account_id,
    month_end_date,
    max(known_by_date) as known_by_date,
    cast(sum(n_orders) as bigint) as n_orders,
    cast(sum(revenue) as double) as revenue,
    cast(sum(n_cases) as bigint) as n_cases
    {%- for metric in var('usage_metrics') %},
    cast(max({{ adapter.quote(metric) }}) as double) as {{ adapter.quote(metric) }}
    {%- endfor %}
from parts
group by account_id, month_end_date
