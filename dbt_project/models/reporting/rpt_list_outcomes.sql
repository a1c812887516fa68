{#- Every dated score beside what then happened, and whether a campaign touched the account meanwhile. The outcome is the label of the
    same account and snapshot, so it is null until the horizon is over. -#}
{%- set targets = targets_of('upgrade') + targets_of('churn') -%}
with history as (

    select * from {{ ref('rpt_scores_history') }}
    where as_of_date is not null

),

upgrade_examples as (

    select * from {{ ref('fct_upgrade_examples') }}

),

churn_examples as (

    select * from {{ ref('fct_churn_examples') }}

),

contacts as (

    select * from {{ ref('fct_account_contacts') }}

),

outcomes as (
    {% for target in targets %}
    select
        {{ sql_text(target['name']) }} as target,
        account_id,
        as_of_date,
        {{ adapter.quote(target['label']) }} as outcome
    from {{ target['kind'] }}_examples
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        '' as target,
        account_id,
        as_of_date,
        cast(null as integer) as outcome
    from history
    where false
    {% endfor %}
),

scored as (

    select
        history.*,
        cast({{ dbt.dateadd('day', horizon_days_of('history.target', targets), 'history.as_of_date') }} as date) as known_from_date
    from history

),

snapshots as (

    select distinct
        target,
        account_id,
        as_of_date,
        known_from_date
    from scored

),

touched as (

    select
        snapshots.target,
        snapshots.account_id,
        snapshots.as_of_date,
        {{ dbt.bool_or('not contacts.is_control') }} as was_contacted,
        {{ dbt.bool_or('contacts.is_control') }} as was_control
    from snapshots
    inner join contacts
        on
            snapshots.account_id = contacts.account_id
            and contacts.contacted_on >= snapshots.as_of_date
            and contacts.contacted_on < snapshots.known_from_date
    group by snapshots.target, snapshots.account_id, snapshots.as_of_date

)

select
    scored.target,
    scored.account_id,
    scored.as_of_date,
    scored.cutoff,
    scored.model_id,
    scored.is_champion as is_given_out,
    scored.is_in_force,
    scored.score,
    scored.score_rank,
    scored.happened_on,
    scored.known_from_date,
    cast(outcomes.outcome as integer) as outcome,
    coalesce(touched.was_contacted, false) as was_contacted,
    coalesce(touched.was_control, false) as was_control
from scored
left join outcomes
    on
        scored.target = outcomes.target
        and scored.account_id = outcomes.account_id
        and scored.as_of_date = outcomes.as_of_date
left join touched
    on
        scored.target = touched.target
        and scored.account_id = touched.account_id
        and scored.as_of_date = touched.as_of_date
