{#- 1: the highest plan rises within the horizon; 0: it doesn't; null: the horizon isn't over yet, or there was no plan to rise from. -#}
{%- set targets = targets_of('upgrade') -%}
with spine as (

    select * from {{ ref('int_accounts__spine') }}

),

plans as (

    select * from {{ ref('int_subscriptions__at_snapshots') }}

),

subscriptions as (

    select
        account_id,
        started_at,
        {{ plan_rank('plan') }} as plan_rank
    from {{ ref('stg_raw__subscriptions') }}
    {%- if not var('plans')['count_trials'] %}
    where not coalesce(is_trial, false)
    {%- endif %}

),

snapshots as (

    select * from {{ ref('stg_raw__account_snapshots') }}

),

rises as (

    select
        spine.account_id,
        spine.as_of_date,
        min(subscriptions.started_at) as first_rise_at
    from spine
    inner join plans on {{ same_snapshot('plans') }}
    inner join subscriptions
        on
            spine.account_id = subscriptions.account_id
            and subscriptions.started_at >= spine.as_of_at
            and subscriptions.plan_rank > plans.plan_rank
    group by spine.account_id, spine.as_of_date

)

select
    spine.account_id,
    spine.as_of_date
    {%- for target in targets %},
    {% if target['label_column'] -%}
    {{ flat_label(target) }} as {{ adapter.quote(target['label']) }}
    {%- else -%}
    cast(case
        when {{ is_mature(target['horizon_days']) }} and plans.plan_rank is not null
            then case when {{ in_horizon('rises.first_rise_at', target['horizon_days']) }} then 1 else 0 end
    end as integer) as {{ adapter.quote(target['label']) }}
    {%- endif %}
    {%- endfor %}
from spine
left join plans on {{ same_snapshot('plans') }}
left join rises on {{ same_snapshot('rises') }}
left join snapshots on {{ same_snapshot('snapshots') }}
