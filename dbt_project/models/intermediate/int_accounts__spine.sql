{%- set has_subscriptions = is_present('subscriptions') and not var('is_undated') -%}
{%- set top_rank = var('plans')['order'] | length -%}
with candidates as (

    select * from {{ ref('int_accounts__candidates') }}

),

excluded as (

    select * from {{ ref('int_excluded_accounts') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions__at_snapshots') }}

),

activity as (

    select * from {{ ref('int_activity__at_snapshots') }}

),

purchases as (

    select * from {{ ref('int_purchases__at_snapshots') }}

)

select
    candidates.account_id,
    candidates.as_of_date,
    candidates.as_of_at,
    candidates.month_end_date,
    {% if has_subscriptions and not is_flat('upgrade') -%}
    coalesce(subscriptions.plan_rank < {{ top_rank }}, false) as is_eligible_upgrade,
    {%- else -%}
    true as is_eligible_upgrade,
    {%- endif %}
    {{ can_churn() }} as is_eligible_churn,
    {% if var('is_undated') or not (has_subscriptions or is_present('orders')) -%}
    true as is_eligible_value
    {%- elif has_subscriptions -%}
    -- Who pays by subscription is worth something while one runs; who never had one, once there was a purchase.
    coalesce(subscriptions.n_counted_subscriptions > 0, false)
    or (subscriptions.account_id is null and coalesce(purchases.n_purchases > 0, false)) as is_eligible_value
    {%- else -%}
    coalesce(purchases.n_purchases > 0, false) as is_eligible_value
    {%- endif %}
from candidates
left join excluded on {{ same_snapshot('excluded', 'candidates') }}
left join subscriptions on {{ same_snapshot('subscriptions', 'candidates') }}
left join activity on {{ same_snapshot('activity', 'candidates') }}
left join purchases on {{ same_snapshot('purchases', 'candidates') }}
where excluded.account_id is null
