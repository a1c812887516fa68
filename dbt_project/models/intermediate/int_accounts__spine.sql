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
    true as is_eligible_value
from candidates
left join excluded on {{ same_snapshot('excluded', 'candidates') }}
left join subscriptions on {{ same_snapshot('subscriptions', 'candidates') }}
left join activity on {{ same_snapshot('activity', 'candidates') }}
where excluded.account_id is null
