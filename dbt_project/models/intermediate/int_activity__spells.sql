{#- Stretches of activity, for each churn target by silence: a day of activity opens a stretch when the horizon has passed in silence before
    it. The stretch ends when the horizon has passed in silence after its last day: only then is it known that the account is gone. -#}
with days as (

    select * from {{ ref('int_accounts__activity_days') }}

),

active_days as (

    {% for target in silent_targets() -%}
    select
        cast({{ sql_text(target['name']) }} as varchar) as target,
        days.account_id,
        days.active_date,
        {{ target['horizon_days'] }} as horizon_days
    from days
    where {{ is_activity_of(target, 'days') }}
    group by days.account_id, days.active_date
    {{ 'union all' if not loop.last }}
    {% else -%}
    select
        cast(null as varchar) as target,
        account_id,
        active_date,
        0 as horizon_days
    from days
    where false
    {%- endfor %}

),

gaps as (

    select
        *,
        lag(active_date) over (partition by target, account_id order by active_date) as active_before_date
    from active_days

),

numbered as (

    select
        *,
        sum(case when {{ dbt.datediff('active_before_date', 'active_date', 'day') }} <= horizon_days then 0 else 1 end) over (
            partition by target, account_id
            order by active_date
            rows unbounded preceding
        ) as spell_number
    from gaps

),

spells as (

    select
        target,
        account_id,
        spell_number,
        min(active_date) as first_active_date,
        max(active_date) as last_active_date,
        max(horizon_days) as horizon_days
    from numbered
    group by target, account_id, spell_number

),

closed as (

    select
        *,
        cast({{ dbt.dateadd('day', '(horizon_days + 1)', 'last_active_date') }} as {{ dbt.type_timestamp() }}) as silent_until_at
    from spells

)

select
    target,
    account_id,
    cast(spell_number as bigint) as spell_number,
    cast(first_active_date as {{ dbt.type_timestamp() }}) as started_at,
    case when silent_until_at <= {{ observed_until_at() }} then silent_until_at end as ended_at,
    cast(last_active_date as {{ dbt.type_timestamp() }}) as last_active_at
from closed
