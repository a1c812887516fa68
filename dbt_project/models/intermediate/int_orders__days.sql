{#- What an account bought day by day. A row is a day as it became known on one day: nearly always the whole day at once. Where lines of a
    day arrived later, each arrival has a row of what it changed, so that the rows known at a snapshot add up to what was known then. Lines
    that are known at once, all of them in most companies, take the short way: one grouping, no window. Rows are in no order:
    sorting took two fifths of the time, and saves who groups them by account a tenth of it; fct_account_days is sorted. -#}
{%- set totals -%}
        max(known_at) as known_at,
        sum(amount) as amount,
        sum(case when cost is not null then amount end) as costed_amount,
        sum(cost) as cost,
        max(case when amount >= 0 then 1 else 0 end) as has_purchase
{%- endset -%}
{%- set is_late = "known_at > ordered_at and cast(known_at as date) > cast(ordered_at as date)" -%}
with orders as (

    select * from {{ ref('stg_raw__orders') }}
    where ordered_at < {{ observed_until_at() }}

),

at_once as (

    select
        account_id,
        cast(ordered_at as date) as ordered_on,
        {{ totals }}
    from orders
    where not ({{ is_late }})
    group by 1, 2

),

later as (

    select
        account_id,
        cast(ordered_at as date) as ordered_on,
        cast(known_at as date) as known_on,
        {{ totals }}
    from orders
    where {{ is_late }}
    group by 1, 2, 3

),

late_days as (

    select distinct
        account_id,
        ordered_on
    from later

),

arrivals as (

    select
        account_id,
        ordered_on,
        known_at,
        amount,
        costed_amount,
        cost,
        has_purchase
    from later
    union all
    select at_once.*
    from at_once
    inner join late_days on at_once.account_id = late_days.account_id and at_once.ordered_on = late_days.ordered_on

),

days as (

    select
        at_once.*,
        0 as amount_before,
        0 as has_purchase_before
    from at_once
    left join late_days on at_once.account_id = late_days.account_id and at_once.ordered_on = late_days.ordered_on
    where late_days.account_id is null
    union all
    select
        *,
        coalesce(sum(amount) over before_it, 0) as amount_before,
        coalesce(max(has_purchase) over before_it, 0) as has_purchase_before
    from arrivals
    window before_it as (partition by account_id, ordered_on order by known_at rows between unbounded preceding and 1 preceding)

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
    cast(amount as decimal(18, 4)) as amount,
    cast(costed_amount as decimal(18, 4)) as costed_amount,
    cast(cost as decimal(18, 4)) as cost,
    is_purchase,
    cast(day_amount as decimal(18, 4)) as day_amount,
    cast(case when is_purchase and has_purchase_before = 0 then 1 else 0 end as integer) as n_purchases,
    cast((case when is_valued then 1 else 0 end) - (case when was_valued then 1 else 0 end) as integer) as n_valued,
    cast(
        (case when is_valued then day_amount else 0 end) - (case when was_valued then amount_before else 0 end) as decimal(18, 4)
    ) as valued_amount
from known
