{#- When what a target asks about happened after a snapshot, as far as it became known: a list is handed out days or weeks after
    its snapshot and must not name who has upgraded or left since. Targets by silence have no event before their horizon ends, flat labels
    no date. -#}
{%- set rising = targets_of('upgrade') | rejectattr('label_column') | list if not var('is_undated') else [] -%}
{%- set ending = churn_targets('ended') if not var('is_undated') else [] -%}
{%- set never = "cast('9999-12-31' as " ~ dbt.type_timestamp() ~ ")" -%}
with spine as (

    select * from {{ ref('int_accounts__spine') }}

),

plans as (

    select * from {{ ref('int_subscriptions__at_snapshots') }}

),

subscriptions as (

    select
        account_id,
        {{ plan_rank('plan') }} as plan_rank,
        started_at,
        -- An end counts from the day on which both the row and the end were known.
        known_at,
        coalesce(case when ended_at < known_at then known_at else ended_at end, {{ never }}) as until_at
    from {{ ref('stg_raw__subscriptions') }}
    {%- if not var('plans')['count_trials'] %}
    where not coalesce(is_trial, false)
    {%- endif %}

),

covered as (

    select
        account_id,
        known_at,
        until_at,
        max(until_at) over (
            partition by account_id
            order by known_at, until_at
            rows between unbounded preceding and 1 preceding
        ) as covered_until_at
    from subscriptions

),

stretches as (

    select
        account_id,
        known_at,
        until_at,
        sum(case when covered_until_at >= known_at then 0 else 1 end) over (
            partition by account_id
            order by known_at, until_at
            rows unbounded preceding
        ) as stretch_number
    from covered

),

ends as (

    select
        account_id,
        max(until_at) as ended_at,
        lead(min(known_at)) over (partition by account_id order by stretch_number) as returned_at
    from stretches
    group by account_id, stretch_number

),

events as (
    {% for target in rising %}
    select
        cast({{ sql_text(target['name']) }} as varchar) as target,
        spine.account_id,
        spine.as_of_date,
        min(subscriptions.known_at) as happened_at,
        cast(null as {{ dbt.type_timestamp() }}) as undone_at
    from spine
    inner join plans on {{ same_snapshot('plans') }}
    inner join subscriptions on spine.account_id = subscriptions.account_id and subscriptions.plan_rank > plans.plan_rank
    where {{ in_horizon('subscriptions.started_at', target['horizon_days']) }}
    group by spine.account_id, spine.as_of_date
    union all
    {%- endfor %}
    {%- for target in ending %}
    select
        cast({{ sql_text(target['name']) }} as varchar) as target,
        spine.account_id,
        spine.as_of_date,
        ends.ended_at as happened_at,
        ends.returned_at as undone_at
    from spine
    inner join ends on spine.account_id = ends.account_id
    where {{ in_horizon('ends.ended_at', target['horizon_days']) }}
    union all
    {%- endfor %}
    select
        cast(null as varchar) as target,
        account_id,
        as_of_date,
        cast(null as {{ dbt.type_timestamp() }}) as happened_at,
        cast(null as {{ dbt.type_timestamp() }}) as undone_at
    from spine
    where false

)

select
    target,
    account_id,
    as_of_date,
    happened_at,
    undone_at
from events
