{#- Accounts by the month of their first purchase, followed month by month to the end of the data; months without any purchase are there,
    with zeros. Months are calendar months. Who signed up before the month in which orders begin may have bought before: such accounts are a
    cohort of their own, counted from the first month on file. -#}
{%- set channel = "cast('unknown' as varchar)" if 'channel' in var('private') else "coalesce(accounts.channel, 'unknown')" -%}
with days as (

    select * from {{ ref('int_orders__days') }}

),

accounts as (

    select * from {{ ref('stg_raw__accounts') }}

),

firsts as (

    select
        account_id,
        cast({{ dbt.date_trunc('month', 'min(case when is_purchase then ordered_on end)') }} as date) as cohort_month
    from days
    group by account_id
    having max(case when is_purchase then 1 else 0 end) = 1

),

records as (

    select cast({{ dbt.date_trunc('month', 'min(ordered_on)') }} as date) as begin_month
    from days

),

members as (

    select
        firsts.account_id,
        coalesce(accounts.signed_up_at < records.begin_month, false) as is_older,
        case when accounts.signed_up_at < records.begin_month then records.begin_month else firsts.cohort_month end as cohort_month,
        {{ channel }} as channel
    from firsts
    inner join accounts on firsts.account_id = accounts.account_id
    cross join records

),

cohorts as (

    select
        cohort_month,
        is_older,
        channel,
        count(*) as n_accounts
    from members
    group by cohort_month, is_older, channel

),

last_month as (

    select cast({{ dbt.date_trunc('month', 'max(ordered_on)') }} as date) as month_start
    from days

),

grid as (

    select
        cohorts.cohort_month,
        cohorts.is_older,
        cohorts.channel,
        cohorts.n_accounts,
        {{ generate_months('cohorts.cohort_month', 'last_month.month_start', 'month_start') }}
    from cohorts
    cross join last_month

),

account_months as (

    select
        members.cohort_month,
        members.is_older,
        members.channel,
        members.account_id,
        cast({{ dbt.date_trunc('month', 'days.ordered_on') }} as date) as month_start,
        sum(days.n_purchases) as n_purchases,
        sum(days.amount) as revenue,
        sum(days.costed_amount) as costed_amount,
        sum(days.costed_amount - days.cost) as margin
    from members
    inner join days on members.account_id = days.account_id
    group by 1, 2, 3, 4, 5

),

active as (

    select
        cohort_month,
        is_older,
        channel,
        month_start,
        count(case when n_purchases > 0 then 1 end) as n_active,
        sum(revenue) as revenue,
        case when sum(costed_amount) = sum(revenue) then sum(margin) end as margin
    from account_months
    group by cohort_month, is_older, channel, month_start

)

select
    grid.cohort_month,
    grid.is_older,
    cast(grid.channel as varchar) as channel,
    cast({{ dbt.datediff('grid.cohort_month', 'grid.month_start', 'month') }} as bigint) as months_since,
    cast(grid.n_accounts as bigint) as n_accounts,
    cast(coalesce(active.n_active, 0) as bigint) as n_active,
    cast(coalesce(active.revenue, 0) as double) as revenue,
    cast(active.margin as double) as margin,
    cast({{ dbt.dateadd('month', 1, 'grid.month_start') }} as {{ dbt.type_timestamp() }}) <= {{ observed_until_at() }} as is_complete
from grid
left join active
    on
        grid.cohort_month = active.cohort_month
        and grid.is_older = active.is_older
        and grid.channel = active.channel
        and grid.month_start = active.month_start
