{#- 1: subscribed before the snapshot and without an active subscription at the end of the horizon; 0: still subscribed then; null:
    not over yet. -#}
{%- set targets = targets_of('churn') -%}
with spine as (

    select * from {{ ref('int_accounts__spine') }}

),

plans as (

    select * from {{ ref('int_subscriptions__at_snapshots') }}

),

subscriptions as (

    select * from {{ ref('stg_raw__subscriptions') }}

),

snapshots as (

    select * from {{ ref('stg_raw__account_snapshots') }}

),

remaining as (

    select
        spine.account_id,
        spine.as_of_date
        {%- for target in targets -%}
        {%- set horizon_end = dbt.dateadd('day', target['horizon_days'], 'spine.as_of_at') %},
        count(
            case
                when
                    subscriptions.started_at < {{ horizon_end }}
                    and (subscriptions.ended_at is null or subscriptions.ended_at >= {{ horizon_end }})
                    then 1
            end
        ) as {{ adapter.quote('n_' ~ target['label']) }}
        {%- endfor %}
    from spine
    inner join subscriptions on spine.account_id = subscriptions.account_id
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
        when {{ is_mature(target['horizon_days']) }} and plans.n_active_subscriptions > 0
            then case when remaining.{{ adapter.quote('n_' ~ target['label']) }} = 0 then 1 else 0 end
    end as integer) as {{ adapter.quote(target['label']) }}
    {%- endif %}
    {%- endfor %}
from spine
left join plans on {{ same_snapshot('plans') }}
left join remaining on {{ same_snapshot('remaining') }}
left join snapshots on {{ same_snapshot('snapshots') }}
