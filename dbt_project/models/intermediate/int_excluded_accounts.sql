{#- The first rule that applies decides; everything is judged by what was known at the snapshot. -#}
{%- set rules = var('eligibility') -%}
with candidates as (

    select * from {{ ref('int_accounts__candidates') }}

),

first_seen as (

    select * from {{ ref('int_accounts__first_seen') }}

),

last_snapshot as (

    select
        max(as_of_date) as as_of_date,
        max(as_of_at) as as_of_at
    from {{ ref('int_snapshots__dates') }}

),

judged as (

    select
        account_id,
        as_of_date,
        case
            {%- if not var('is_undated') %}
            when known_days < {{ rules['min_tenure_days'] }} then 'known for less than {{ rules["min_tenure_days"] }} days'
            {%- if rules['max_account_age_years'] %}
            when known_days > {{ rules['max_account_age_years'] * 365.25 }}
                then 'older than {{ "%g" | format(rules["max_account_age_years"]) }} years'
            {%- endif %}
            {%- if rules['min_active_months'] > 0 %}
            when n_active_months < {{ rules['min_active_months'] }}
                then 'active in fewer than {{ rules["min_active_months"] }} of the last 12 months'
            {%- endif %}
            {%- endif %}
            when account_id is null then 'no account id'
        end as reason
    from candidates

),

-- These are candidates at no snapshot, so no rule sees them: they are listed once, at the last one.
never_known as (

    select
        first_seen.account_id,
        last_snapshot.as_of_date,
        case
            when first_seen.known_at is null then 'neither sign-up nor event'
            else 'first known after the last snapshot'
        end as reason
    from first_seen
    cross join last_snapshot
    where
        last_snapshot.as_of_date is not null
        and (first_seen.known_at is null or not {{ known_before('first_seen', 'last_snapshot') }})

)

select
    account_id,
    as_of_date,
    reason
from judged
where reason is not null
union all
select
    account_id,
    as_of_date,
    reason
from never_known
