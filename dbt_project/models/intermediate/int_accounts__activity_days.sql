{#- Days on which an account did what a churn target by silence listens for. Only computed where there is such a target: that is the most
    that has to be read of usage and visits. A refund is no activity, and neither is usage of zero. -#}
{%- set used = silent_targets() | map(attribute='activity') | sum(start=[]) -%}
with orders as (

    select * from {{ ref('stg_raw__orders') }}

),

usage as (

    select * from {{ ref('stg_raw__usage') }}

),

web_sessions as (

    select * from {{ ref('stg_raw__web_sessions') }}

),

days as (

    select
        account_id,
        cast('orders' as varchar) as activity,
        cast(ordered_at as date) as active_date,
        min(known_at) as first_known_at
    from orders
    where amount >= 0 and {{ 'true' if 'orders' in used else 'false' }}
    group by 1, 2, 3
    union all
    select
        account_id,
        cast('usage' as varchar) as activity,
        cast(used_at as date) as active_date,
        min(known_at) as first_known_at
    from usage
    where value > 0 and {{ 'true' if 'usage' in used else 'false' }}
    group by 1, 2, 3
    union all
    select
        account_id,
        cast('web_sessions' as varchar) as activity,
        cast(started_at as date) as active_date,
        min(known_at) as first_known_at
    from web_sessions
    where account_id is not null and {{ 'true' if 'web_sessions' in used else 'false' }}
    group by 1, 2, 3

)

select
    account_id,
    activity,
    active_date,
    first_known_at
from days
where cast(active_date as {{ dbt.type_timestamp() }}) < {{ observed_until_at() }}
