{#- What an account bought day by day. A row is a day as it became known on one day: nearly always the whole day at once. Where lines of a
    day arrived later, each arrival has a row of what it changed, so that the rows known at a snapshot add up to what was known then. -#}
with orders as (

    select * from {{ ref('stg_raw__orders') }}
    where ordered_at < {{ observed_until_at() }}

),

arrivals as (

    select
        account_id,
        cast(ordered_at as date) as ordered_on,
        cast(known_at as date) as known_on,
        max(known_at) as known_at,
        sum(amount) as amount,
        sum(case when cost is not null then amount end) as costed_amount,
        sum(cost) as cost,
        count(
            distinct case when amount > 0 then {{ row_hash(['order_id', 'case when order_id is null then ordered_at end']) }} end
        ) as n_orders,
        max(case when amount >= 0 then 1 else 0 end) as has_purchase
    from orders
    group by 1, 2, 3

),

late_days as (

    select distinct
        account_id,
        ordered_on
    from arrivals
    where known_on > ordered_on

),

-- Days of which something came late: what was known of the day before, and with, each arrival. These are few, so that no window need
-- run over all days.
late as (

    select
        arrivals.*,
        coalesce(sum(arrivals.amount) over before_it, 0) as amount_before,
        coalesce(max(arrivals.has_purchase) over before_it, 0) as has_purchase_before
    from arrivals
    inner join late_days
        on
            arrivals.account_id = late_days.account_id
            and arrivals.ordered_on = late_days.ordered_on
    window
        before_it as (
            partition by arrivals.account_id, arrivals.ordered_on
            order by arrivals.known_on
            rows between unbounded preceding and 1 preceding
        )

),

days as (

    select
        arrivals.*,
        0 as amount_before,
        0 as has_purchase_before
    from arrivals
    left join late_days
        on
            arrivals.account_id = late_days.account_id
            and arrivals.ordered_on = late_days.ordered_on
    where late_days.account_id is null
    union all
    select * from late

),

known as (

    select
        *,
        amount_before + amount as day_amount,
        greatest(has_purchase_before, has_purchase) = 1 as is_purchase,
        greatest(has_purchase_before, has_purchase) = 1 and amount_before + amount > 0 as is_valued,
        has_purchase_before = 1 and amount_before > 0 as was_valued
    from days

)

select
    account_id,
    ordered_on,
    known_at,
    cast(amount as decimal(38, 4)) as amount,
    cast(costed_amount as decimal(38, 4)) as costed_amount,
    cast(cost as decimal(38, 4)) as cost,
    cast(n_orders as bigint) as n_orders,
    is_purchase,
    cast(
        {{ dbt.datediff("cast('1970-01-01' as date)", 'ordered_on', 'day') }} * 100000 + {{ dbt.datediff('ordered_on', 'known_on', 'day') }}
        as bigint
    ) as place,
    cast(day_amount as decimal(38, 4)) as day_amount,
    cast(case when is_purchase and has_purchase_before = 0 then 1 else 0 end as integer) as n_purchases,
    cast((case when is_valued then 1 else 0 end) - (case when was_valued then 1 else 0 end) as integer) as n_valued,
    cast(
        (case when is_valued then day_amount else 0 end) - (case when was_valued then amount_before else 0 end) as decimal(38, 4)
    ) as valued_amount
from known
order by account_id, ordered_on, known_at
