{#- What the accounts that came in one month brought, month by month and so far, for each channel and for all of them; months that are over
    only. -#}
with months as (

    select * from {{ ref('fct_cohort_months') }}
    where is_complete

),

channels as (

    select
        'all' as channel,
        cohort_month,
        is_older,
        months_since,
        n_accounts,
        n_active,
        revenue,
        margin
    from months
    union all
    select
        channel,
        cohort_month,
        is_older,
        months_since,
        n_accounts,
        n_active,
        revenue,
        margin
    from months
    where channel <> 'unknown'

),

summed as (

    select
        channel,
        cohort_month,
        is_older,
        months_since,
        sum(n_accounts) as n_accounts,
        sum(revenue) as revenue,
        -- A month in which nobody of a channel bought has no margin and needs none.
        case when count(case when margin is null and (n_active > 0 or revenue <> 0) then 1 end) = 0 then sum(margin) end as margin
    from channels
    group by channel, cohort_month, is_older, months_since

)

select
    cast(channel as varchar) as channel,
    cohort_month,
    is_older,
    months_since,
    cast(n_accounts as bigint) as n_accounts,
    revenue,
    margin,
    sum(revenue) over so_far as revenue_so_far,
    sum(revenue) over so_far / n_accounts as revenue_per_account_so_far
from summed
window so_far as (partition by channel, cohort_month, is_older order by months_since rows unbounded preceding)
