{#- Who can fall silent: an account that was seen active within the look-back of a target, judged by what was known at the snapshot. -#}
{%- set targets = silent_targets() -%}
with spine as (

    select * from {{ ref('int_accounts__candidates') }}

),

days as (

    select * from {{ ref('int_accounts__activity_days') }}

)

select
    spine.account_id,
    spine.as_of_date
    {%- for target in targets %},
    count(
        case
            when
                {{ is_activity_of(target, 'days') }}
                and {{ in_last_days('days.active_date', target['active_within_days']) }}
                then 1
        end
    ) > 0 as {{ adapter.quote('is_active_' ~ target['name']) }}
    {%- endfor %}
from spine
inner join days
    on
        spine.account_id = days.account_id
        and {{ known_before('days', column='first_known_at') }}
where {{ 'true' if targets else 'false' }}
group by spine.account_id, spine.as_of_date
