{#- From when to when an account was here, and from when on it would have been seen to leave. Records that begin later than the accounts
    show only those that had stayed until then: such an account counts from there on (entered_at), not from its start. -#}
{%- set attributes = ['product', 'territory', 'country', 'industry', 'employee_range', 'channel'] -%}
with subscription_spells as (

    select * from {{ ref('int_subscriptions__spells') }}

),

activity_spells as (

    select * from {{ ref('int_activity__spells') }}

),

first_seen as (

    select * from {{ ref('int_accounts__first_seen') }}

),

accounts as (

    select * from {{ ref('stg_raw__accounts') }}

),

-- Departures are on record from the first of them on, or as long as behaviour is, whichever is earlier.
records as (

    select
        subscription_spells.target,
        least(
            {{ dbt.date_trunc('month', 'min(subscription_spells.ended_at)') }},
            min(first_seen.records_begin_at)
        ) as begin_at
    from subscription_spells
    inner join first_seen on subscription_spells.account_id = first_seen.account_id
    group by subscription_spells.target

),

spells as (

    select
        subscription_spells.target,
        subscription_spells.account_id,
        subscription_spells.spell_number,
        subscription_spells.started_at,
        greatest(subscription_spells.started_at, records.begin_at) as entered_at,
        subscription_spells.ended_at,
        cast(null as {{ dbt.type_timestamp() }}) as last_active_at
    from subscription_spells
    inner join records on subscription_spells.target = records.target
    union all
    select
        activity_spells.target,
        activity_spells.account_id,
        activity_spells.spell_number,
        case
            when activity_spells.spell_number = 1 and first_seen.signed_up_at < activity_spells.started_at then first_seen.signed_up_at
            else activity_spells.started_at
        end as started_at,
        activity_spells.started_at as entered_at,
        activity_spells.ended_at,
        activity_spells.last_active_at
    from activity_spells
    inner join first_seen on activity_spells.account_id = first_seen.account_id

)

select
    spells.target,
    spells.account_id,
    spells.spell_number,
    spells.started_at,
    spells.entered_at,
    spells.ended_at,
    spells.last_active_at,
    {{ observed_until_at() }} as observed_until_at,
    cast({{ dbt.date_trunc('month', 'spells.started_at') }} as date) as cohort_month
    {%- for attribute in attributes %},
    {{ 'cast(null as varchar)' if attribute in var('private') else 'accounts.' ~ attribute }} as {{ attribute }}
    {%- endfor %}
from spells
inner join accounts on spells.account_id = accounts.account_id
where spells.ended_at is null or spells.ended_at > spells.entered_at
