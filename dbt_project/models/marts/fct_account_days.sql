{#- Days with orders, each once. The margin is known where the cost of every line is. -#}
with days as (

    select * from {{ ref('int_orders__days') }}

),

totals as (

    select
        account_id,
        ordered_on,
        max(cast(known_at as date)) as known_on,
        sum(amount) as amount,
        sum(costed_amount) as costed_amount,
        sum(cost) as cost,
        sum(n_orders) as n_orders,
        max(case when is_purchase then 1 else 0 end) as has_purchase
    from days
    group by account_id, ordered_on

)

select
    account_id,
    ordered_on,
    known_on,
    cast(amount as double) as amount,
    cast(cost as double) as cost,
    cast(case when costed_amount = amount then amount - cost end as double) as margin,
    cast(n_orders as bigint) as n_orders,
    has_purchase = 1 as is_purchase
from totals
order by account_id, ordered_on
