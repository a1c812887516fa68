{#- Subscriptions: 1 when none is left at the end of the horizon (who pauses and is back by then hasn't left), 0 when there is one.
    Silence: 1 when nothing is heard of the account within the horizon, 0 otherwise.
    Null: the horizon isn't over yet, or the account had left already. -#}
{%- set targets = targets_of('churn') -%}
{%- set ended = churn_targets('ended') -%}
{%- set silent = silent_targets() -%}
with spine as (

    select * from {{ ref('int_accounts__spine') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions__at_snapshots') }}

),

activity as (

    select * from {{ ref('int_activity__at_snapshots') }}

),

periods as (

    select * from {{ ref('stg_raw__subscriptions') }}
    {%- if not var('plans')['count_trials'] %}
    where not coalesce(is_trial, false)
    {%- endif %}

),

days as (

    select * from {{ ref('int_accounts__activity_days') }}

),

snapshots as (

    select * from {{ ref('stg_raw__account_snapshots') }}

),

remaining as (

    select
        spine.account_id,
        spine.as_of_date
        {%- for target in ended -%}
        {%- set horizon_end = dbt.dateadd('day', target['horizon_days'], 'spine.as_of_at') %},
        count(
            case
                when
                    periods.started_at < {{ horizon_end }}
                    and (periods.ended_at is null or periods.ended_at >= {{ horizon_end }})
                    then 1
            end
        ) as {{ adapter.quote('n_' ~ target['label']) }}
        {%- endfor %}
    from spine
    inner join periods on spine.account_id = periods.account_id
    where {{ 'true' if ended else 'false' }}
    group by spine.account_id, spine.as_of_date

),

heard as (

    select
        spine.account_id,
        spine.as_of_date
        {%- for target in silent %},
        count(case when {{ is_activity_of(target, 'days') }} and {{ in_horizon('days.active_date', target['horizon_days']) }} then 1 end)
            as {{ adapter.quote('n_' ~ target['label']) }}
        {%- endfor %}
    from spine
    inner join days on spine.account_id = days.account_id and days.active_date >= spine.as_of_at
    where {{ 'true' if silent else 'false' }}
    group by spine.account_id, spine.as_of_date

)

select
    spine.account_id,
    spine.as_of_date
    {%- for target in targets %},
    {% if target['label_column'] -%}
    {{ flat_label(target) }} as {{ adapter.quote(target['label']) }}
    {%- else -%}
    {%- set counted = 'heard' if target in silent else 'remaining' -%}
    cast(case
        when {{ is_mature(target['horizon_days']) }} and ({{ can_churn(target) }})
            then case when coalesce({{ counted }}.{{ adapter.quote('n_' ~ target['label']) }}, 0) = 0 then 1 else 0 end
    end as integer) as {{ adapter.quote(target['label']) }}
    {%- endif %}
    {%- endfor %}
    {%- if is_churn_mixed() %}{% for target in targets %},
    {{ can_churn(target) }} as {{ adapter.quote('is_eligible_' ~ target['name']) }}
    {%- endfor %}{% endif %}
from spine
left join subscriptions on {{ same_snapshot('subscriptions') }}
left join activity on {{ same_snapshot('activity') }}
left join remaining on {{ same_snapshot('remaining') }}
left join heard on {{ same_snapshot('heard') }}
left join snapshots on {{ same_snapshot('snapshots') }}
