{#- Stretches of time with a subscription, for each churn target by ended subscriptions. Who is back before the horizon is over hasn't left:
    shorter gaps are closed, as in the label. Subscriptions that end before they start are errors of booking and open nothing. -#}
{%- set targets = churn_targets('ended') -%}
{%- set never = "cast('9999-12-31' as " ~ dbt.type_timestamp() ~ ")" -%}
with subscriptions as (

    select
        account_id,
        started_at,
        case when ended_at < {{ observed_until_at() }} then ended_at else {{ never }} end as until_at
    from {{ ref('stg_raw__subscriptions') }}
    where
        started_at < {{ observed_until_at() }}
        and (ended_at is null or ended_at > started_at)
        {%- if not var('plans')['count_trials'] %}
        and not coalesce(is_trial, false)
        {%- endif %}

),

followed as (

    select
        account_id,
        started_at,
        until_at,
        max(until_at) over (
            partition by account_id
            order by started_at, until_at
            rows between unbounded preceding and 1 preceding
        ) as covered_until_at
    from subscriptions

),

numbered as (

    {% for target in targets -%}
    select
        cast({{ sql_text(target['name']) }} as varchar) as target,
        account_id,
        started_at,
        until_at,
        sum(
            case
                when
                    covered_until_at is null
                    or (
                        covered_until_at < {{ never }}
                        and started_at >= {{ dbt.dateadd('day', target['horizon_days'], 'covered_until_at') }}
                    )
                    then 1
                else 0
            end
        ) over (partition by account_id order by started_at, until_at rows unbounded preceding) as spell_number
    from followed
    {{ 'union all' if not loop.last }}
    {% else -%}
    select
        cast(null as varchar) as target,
        account_id,
        started_at,
        until_at,
        0 as spell_number
    from followed
    where false
    {%- endfor %}

)

select
    target,
    account_id,
    cast(spell_number as bigint) as spell_number,
    min(started_at) as started_at,
    nullif(max(until_at), {{ never }}) as ended_at
from numbered
group by target, account_id, spell_number
