{#- How many of the accounts that came in one month bought again later, for each channel and for all of them; months that are over only. -#}
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
        n_active
    from months
    union all
    select
        channel,
        cohort_month,
        is_older,
        months_since,
        n_accounts,
        n_active
    from months
    where channel <> 'unknown'

)

select
    cast(channel as varchar) as channel,
    cohort_month,
    is_older,
    months_since,
    cast(sum(n_accounts) as bigint) as n_accounts,
    cast(sum(n_active) as bigint) as n_active,
    cast(sum(n_active) as double) / sum(n_accounts) as retention_rate
from channels
group by channel, cohort_month, is_older, months_since
