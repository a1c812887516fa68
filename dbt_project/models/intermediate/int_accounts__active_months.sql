{#- Months with any usage, order or web session, each with the moment from which it is known. Only computed when a rule needs it. -#}
with usage_months as (

    select * from {{ ref('int_usage__months') }}

),

orders as (

    select * from {{ ref('stg_raw__orders') }}

),

web_sessions as (

    select * from {{ ref('stg_raw__web_sessions') }}

),

months as (

    select
        account_id,
        month_end_date,
        min(first_known_at) as first_known_at
    from usage_months
    group by account_id, month_end_date
    {% for day in var('anchor_days') %}
    union all
    select
        account_id,
        {{ month_end_date('ordered_at', day) }} as month_end_date,
        min(known_at) as first_known_at
    from orders
    group by 1, 2
    union all
    select
        account_id,
        {{ month_end_date('started_at', day) }} as month_end_date,
        min(known_at) as first_known_at
    from web_sessions
    where account_id is not null
    group by 1, 2
    {% endfor %}

)

select
    account_id,
    month_end_date,
    min(first_known_at) as first_known_at
from months
where {{ 'true' if var('eligibility')['min_active_months'] > 0 else 'false' }}
group by account_id, month_end_date
