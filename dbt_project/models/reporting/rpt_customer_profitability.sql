{#- What is left of an account's revenue after the costs that are known: those of its orders, and of the campaigns that contacted it. Only
    accounts with an order whose cost is known. -#}
with days as (

    select * from {{ ref('fct_account_days') }}

),

contacts as (

    select * from {{ ref('fct_account_contacts') }}

),

accounts as (

    select * from {{ ref('rpt_account_360') }}

),

orders as (

    select
        account_id,
        sum(amount) as revenue,
        sum(case when margin is not null then amount end) as costed_revenue,
        sum(case when margin is not null then cost end) as cost,
        sum(margin) as margin
    from days
    group by account_id
    having count(margin) > 0

),

campaigns as (

    select
        account_id,
        sum(cost) as contact_cost
    from contacts
    where not is_control
    group by account_id

),

profits as (

    select
        orders.*,
        coalesce(campaigns.contact_cost, 0) as contact_cost,
        orders.margin - coalesce(campaigns.contact_cost, 0) as profit
    from orders
    left join campaigns on orders.account_id = campaigns.account_id

)

select
    profits.account_id,
    profits.revenue,
    profits.costed_revenue,
    profits.cost,
    profits.margin,
    profits.margin / nullif(profits.costed_revenue, 0) as margin_rate,
    profits.contact_cost,
    profits.profit,
    cast(row_number() over (order by profits.profit desc, profits.account_id asc) as bigint) as profit_rank,
    profits.profit / nullif(sum(greatest(profits.profit, 0)) over (), 0) as profit_share,
    accounts.expected_value,
    accounts.value_tier,
    accounts.segment
from profits
left join accounts on profits.account_id = accounts.account_id
