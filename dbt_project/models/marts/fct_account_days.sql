{#- Days with orders, each once. The margin is known where the cost of every line is. -#}
with days as (

    select * from {{ ref('int_orders__days') }}

),

orders as (

    select * from {{ ref('stg_raw__orders') }}
    where ordered_at < {{ observed_until_at() }}

),

order_counts as (

    select
        account_id,
        cast(ordered_at as date) as ordered_on,
        count(
            distinct case when amount > 0 then {{ row_hash(['order_id', 'case when order_id is null then ordered_at end']) }} end
        ) as n_orders
    from orders
    group by 1, 2

),

totals as (

    select
        account_id,
        ordered_on,
        max(known_on) as known_on,
        sum(amount) as amount,
        sum(costed_amount) as costed_amount,
        sum(cost) as cost,
        max(case when is_purchase then 1 else 0 end) as has_purchase
    from days
    group by account_id, ordered_on

)

select
    totals.account_id,
    totals.ordered_on,
    totals.known_on,
    cast(totals.amount as double) as amount,
    cast(totals.cost as double) as cost,
    cast(case when totals.costed_amount = totals.amount then totals.amount - totals.cost end as double) as margin,
    cast(order_counts.n_orders as bigint) as n_orders,
    totals.has_purchase = 1 as is_purchase
from totals
inner join order_counts on totals.account_id = order_counts.account_id and totals.ordered_on = order_counts.ordered_on
order by totals.account_id, totals.ordered_on
