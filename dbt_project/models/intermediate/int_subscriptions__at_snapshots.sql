{#- A subscription is active at a snapshot when its start was known before it and no end was. Its later end is not known yet and
    plays no part. -#}
{%- set counts = 'true' if var('plans')['count_trials'] else 'not is_trial' -%}
with spine as (

    select * from {{ ref('int_accounts__candidates') }}

),

subscriptions as (

    select
        account_id,
        plan,
        {{ plan_rank('plan') }} as plan_rank,
        started_at,
        ended_at,
        coalesce(is_trial, false) as is_trial,
        mrr,
        seats,
        known_at
    from {{ ref('stg_raw__subscriptions') }}

),

known as (

    select
        spine.account_id,
        spine.as_of_date,
        subscriptions.plan,
        subscriptions.plan_rank,
        subscriptions.started_at,
        subscriptions.is_trial,
        subscriptions.mrr,
        subscriptions.seats,
        {{ days_before('subscriptions.started_at') }} as days_since_start,
        not coalesce({{ known_before('subscriptions', column='ended_at') }}, false) as is_active,
        -- The highest plan wins; without a list of plans the latest one, then the name, so that the choice never depends on row order.
        concat(
            lpad(cast(coalesce(subscriptions.plan_rank, 0) as varchar), 6, '0'),
            cast(subscriptions.started_at as varchar),
            subscriptions.plan
        ) as plan_order
    from spine
    inner join subscriptions
        on
            spine.account_id = subscriptions.account_id
            and {{ known_before('subscriptions') }}

)

select
    account_id,
    as_of_date,
    max_by(case when is_active and {{ counts }} then plan end, case when is_active and {{ counts }} then plan_order end) as plan,
    max(case when is_active and {{ counts }} then plan_rank end) as plan_rank,
    sum(case when is_active then mrr end) as mrr,
    sum(case when is_active then seats end) as seats,
    coalesce(max(case when is_active and is_trial then 1 end), 0) = 1 as is_trial,
    count(case when is_active then 1 end) as n_active_subscriptions,
    count(case when is_active and {{ counts }} then 1 end) as n_counted_subscriptions,
    count(*) as n_subscriptions,
    min(days_since_start) as days_since_plan_start
from known
group by account_id, as_of_date
