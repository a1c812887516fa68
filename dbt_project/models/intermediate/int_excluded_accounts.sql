{#- The first rule that applies decides; everything is judged by what was known at the snapshot. -#}
{%- set rules = var('eligibility') -%}
with candidates as (

    select * from {{ ref('int_accounts__candidates') }}

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

)

select
    account_id,
    as_of_date,
    reason
from judged
where reason is not null
