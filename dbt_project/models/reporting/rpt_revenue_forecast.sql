{#- Revenue, or margin for a target that asks for it, by month: what came, and what the accounts of the newest forecasts are expected to
    bring. The forecast of the horizon is spread over its months as the amounts were after the last six snapshots whose horizon is over;
    accounts yet to come are not in it. The interval holds what chance does to single accounts (3.29 standard deviations hold 90 %), how much
    a month's share differed between those snapshots, and what the totals of the rolling origins were off by (`total_error`). -#}
{%- set targets = targets_of('value') -%}
{%- set chance = 'totals.variance * shares.share_of_horizon + power(totals.expected_value * shares.share_spread, 2)' -%}
{%- set half_width = '1.645 * sqrt(' ~ chance ~ ' + power(totals.expected_value * shares.share_of_horizon * totals.total_error, 2))' -%}
with forecasts as (

    select * from {{ ref('rpt_value_scores') }}

),

days as (

    select * from {{ ref('fct_account_days') }}

),

examples as (

    select * from {{ ref('fct_value_examples') }}

),

totals as (

    select
        target,
        as_of_date,
        max({{ horizon_days_of('target', targets) }}) as horizon_days,
        count(*) as n_accounts,
        sum(score) as expected_value,
        sum(power((score_hi - score_lo) / 3.29, 2)) as variance,
        coalesce(max(total_error), 0) as total_error
    from forecasts
    group by target, as_of_date

),

past_snapshots as (
    {% for target in targets %}
    select
        {{ sql_text(target['name']) }} as target,
        account_id,
        as_of_date,
        {{ target['horizon_days'] }} as horizon_days,
        dense_rank() over (order by as_of_date desc) as age_rank
    from examples
    where {{ adapter.quote(target['label']) }} is not null
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        '' as target,
        account_id,
        as_of_date,
        0 as horizon_days,
        1 as age_rank
    from examples
    where false
    {% endfor %}
),

past_months as (

    select
        past_snapshots.target,
        past_snapshots.as_of_date,
        {{ dbt.datediff('past_snapshots.as_of_date', 'days.ordered_on', 'month') }} as month_number,
        sum({{ worth_of_day('past_snapshots.target', 'days') }}) as amount
    from past_snapshots
    inner join days
        on
            past_snapshots.account_id = days.account_id
            and days.ordered_on >= past_snapshots.as_of_date
            and days.ordered_on < {{ dbt.dateadd('day', 'past_snapshots.horizon_days', 'past_snapshots.as_of_date') }}
    where past_snapshots.age_rank <= 6
    group by 1, 2, 3

),

shares as (

    select
        target,
        month_number,
        greatest(sum(amount), 0) / nullif(sum(greatest(sum(amount), 0)) over (partition by target), 0) as share_of_horizon,
        coalesce(stddev_samp(share_then), 0) as share_spread
    from (
        select
            *,
            greatest(amount, 0) / nullif(sum(greatest(amount, 0)) over (partition by target, as_of_date), 0) as share_then
        from past_months
    ) as past
    group by target, month_number

),

came as (

    select
        totals.target,
        cast({{ dbt.date_trunc('month', 'days.ordered_on') }} as date) as month_start,
        sum({{ worth_of_day('totals.target', 'days') }}) as revenue
    from totals
    inner join days on days.ordered_on < totals.as_of_date
    group by 1, 2

)

select
    target,
    month_start,
    false as is_forecast,
    cast(null as bigint) as n_accounts,
    revenue,
    cast(null as double) as revenue_lo,
    cast(null as double) as revenue_hi
from came
union all
select
    totals.target,
    cast({{ dbt.dateadd('month', 'shares.month_number', dbt.date_trunc('month', 'totals.as_of_date')) }} as date) as month_start,
    true as is_forecast,
    cast(totals.n_accounts as bigint) as n_accounts,
    totals.expected_value * shares.share_of_horizon as revenue,
    greatest(totals.expected_value * shares.share_of_horizon - {{ half_width }}, 0) as revenue_lo,
    totals.expected_value * shares.share_of_horizon + {{ half_width }} as revenue_hi
from totals
inner join shares on totals.target = shares.target
