{%- set windows = [30, 90, 365] -%}
with spine as (

    select * from {{ ref('int_accounts__spine') }}

),

orders as (

    select * from {{ ref('stg_raw__orders') }}

),

purchase_days as (

    select * from {{ ref('int_purchases__at_snapshots') }}

),

-- One row per order and moment: its lines are one purchase. An order without an id is known by its moment.
order_totals as (

    select
        account_id,
        coalesce(order_id, cast(ordered_at as varchar)) as purchase,
        ordered_at,
        known_at,
        sum(amount) as amount,
        sum(case when amount > 0 then amount else 0 end) as ordered_amount,
        sum(case when amount < 0 then -amount else 0 end) as refunded_amount,
        sum(case when amount > 0 and quantity > 0 then quantity end) as n_units
    from orders
    group by 1, 2, 3, 4

),

-- A purchase, and a day with purchases, counts once: where it was known first. So no distinct count is needed for each snapshot.
purchases as (

    select
        *,
        ordered_amount > 0 as is_purchase,
        ordered_amount > 0 and row_number() over (
            partition by account_id, purchase, ordered_amount > 0
            order by known_at, ordered_at
        ) = 1 as is_new_purchase,
        ordered_amount > 0 and row_number() over (
            partition by account_id, cast(ordered_at as date), ordered_amount > 0
            order by known_at, ordered_at, purchase
        ) = 1 as is_new_day
    from order_totals

),

known as (

    select
        spine.account_id,
        spine.as_of_date,
        purchases.amount,
        purchases.ordered_amount,
        purchases.refunded_amount,
        purchases.n_units,
        purchases.is_new_purchase,
        purchases.is_new_day,
        case when purchases.is_purchase then {{ days_before('purchases.ordered_at') }} end as days_ago
        {%- for days in windows %},
        {{ in_last_days('purchases.ordered_at', days) }} as is_in_{{ days }}d
        {%- endfor %}
    from spine
    inner join purchases
        on
            spine.account_id = purchases.account_id
            and {{ known_before('purchases') }}

),

totals as (

    select
        account_id,
        as_of_date
        {%- for days in windows %},
        count(case when is_in_{{ days }}d and is_new_purchase then 1 end) as n_orders_{{ days }}d,
        sum(case when is_in_{{ days }}d then amount end) as revenue_{{ days }}d
        {%- endfor %},
        count(case when is_new_purchase then 1 end) as n_orders,
        count(case when is_new_day then 1 end) as n_order_days,
        sum(amount) as revenue,
        sum(ordered_amount) as ordered_amount,
        sum(refunded_amount) as refunded_amount,
        sum(n_units) as n_units,
        min(days_ago) as days_since_last_order,
        max(days_ago) as days_since_first_order
    from known
    group by account_id, as_of_date

)

select
    spine.account_id,
    spine.as_of_date
    {%- for days in windows %},
    coalesce(totals.n_orders_{{ days }}d, 0) as n_orders_{{ days }}d,
    coalesce(totals.revenue_{{ days }}d, 0) as revenue_{{ days }}d
    {%- endfor %},
    coalesce(totals.n_orders, 0) as n_orders,
    coalesce(totals.revenue, 0) as revenue,
    cast(totals.ordered_amount as double) / nullif(totals.n_orders, 0) as mean_order_value,
    cast(totals.n_units as double) as n_units,
    cast(totals.n_units as double) / nullif(totals.n_orders, 0) as units_per_order,
    totals.days_since_last_order,
    totals.days_since_first_order,
    cast(totals.days_since_first_order - totals.days_since_last_order as double)
    / nullif(totals.n_order_days - 1, 0) as mean_days_between_orders,
    {{ share_of('totals.refunded_amount', 'totals.ordered_amount') }} as refund_share,
    coalesce(purchase_days.n_purchases, 0) as n_purchase_days,
    cast(purchase_days.max_purchase_value as double) as max_purchase_value,
    cast(purchase_days.last_purchase_value as double) as last_purchase_value,
    cast(totals.days_since_last_order as double)
    / nullif(totals.days_since_first_order - totals.days_since_last_order, 0) * (totals.n_order_days - 1) as last_gap_ratio,
    {{ share_of('totals.revenue_90d', 'totals.revenue_365d') }} as revenue_share_90d
from spine
left join totals on {{ same_snapshot('totals') }}
left join purchase_days on {{ same_snapshot('purchase_days') }}
