{#- Every account at every snapshot after it became known, with what the rules of exclusion look at. -#}
{%- set eligibility = var('eligibility') -%}
{%- set needs_activity = eligibility['min_active_months'] > 0 and not var('is_undated') -%}
with first_seen as (

    select * from {{ ref('int_accounts__first_seen') }}

),

spine as (

    select * from {{ ref('int_snapshots__dates') }}

),

active_months as (

    select * from {{ ref('int_accounts__active_months') }}

),

candidates as (

    select
        first_seen.account_id,
        spine.as_of_date,
        spine.as_of_at,
        spine.month_end_date,
        {{ days_before('first_seen.first_seen_at') }} as known_days
    from first_seen
    {% if var('is_undated') -%}
    cross join spine
    {%- else -%}
    inner join spine on {{ known_before('first_seen') }}
    {%- endif %}

),

activity as (

    select
        candidates.account_id,
        candidates.as_of_date,
        -- int_accounts__active_months has one row per account and month, so that nothing need be distinct.
        count(*) as n_active_months
    from candidates
    inner join active_months
        on
            candidates.account_id = active_months.account_id
            and active_months.month_end_date <= candidates.month_end_date
            and active_months.month_end_date > {{ dbt.dateadd('month', -12, 'candidates.month_end_date') }}
            and {{ known_before('active_months', 'candidates', 'first_known_at') }}
    where {{ 'true' if needs_activity else 'false' }}
    group by candidates.account_id, candidates.as_of_date

)

select
    candidates.account_id,
    candidates.as_of_date,
    candidates.as_of_at,
    candidates.month_end_date,
    cast(candidates.known_days as bigint) as known_days,
    {% if needs_activity -%}
    coalesce(activity.n_active_months, 0) as n_active_months
    {%- else -%}
    cast(null as bigint) as n_active_months
    {%- endif %}
from candidates
left join activity on {{ same_snapshot('activity', 'candidates') }}
