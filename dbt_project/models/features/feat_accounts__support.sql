{%- set windows = [30, 90, 365] -%}
with spine as (

    select * from {{ ref('int_accounts__spine') }}

),

cases as (

    select
        account_id,
        opened_at,
        closed_at,
        satisfaction,
        known_at,
        {{ known_at('closed_at') }} as closing_known_at
    from {{ ref('stg_raw__support_cases') }}

),

known as (

    select
        spine.account_id,
        spine.as_of_date,
        {{ days_before('cases.opened_at') }} as days_ago,
        coalesce({{ known_before('cases', column='closing_known_at') }}, false) as is_closed,
        coalesce(
            {{ known_before('cases', column='closing_known_at') }} and {{ in_last_days('cases.closed_at', 365) }}, false
        ) as is_closed_in_365d,
        {{ dbt.datediff('cases.opened_at', 'cases.closed_at', 'day') }} as days_to_close,
        cases.satisfaction
        {%- for days in windows %},
        {{ in_last_days('cases.opened_at', days) }} as is_in_{{ days }}d
        {%- endfor %}
    from spine
    inner join cases
        on
            spine.account_id = cases.account_id
            and {{ known_before('cases') }}

),

totals as (

    select
        account_id,
        as_of_date
        {%- for days in windows %},
        count(case when is_in_{{ days }}d then 1 end) as n_cases_{{ days }}d
        {%- endfor %},
        count(case when not is_closed then 1 end) as n_open_cases,
        min(days_ago) as days_since_last_case,
        sum(case when is_closed_in_365d then days_to_close end) as days_to_close,
        count(case when is_closed_in_365d then days_to_close end) as n_closed,
        round(sum(case when is_closed_in_365d then satisfaction end), 6) as satisfaction,
        count(case when is_closed_in_365d then satisfaction end) as n_satisfaction
    from known
    group by account_id, as_of_date

)

select
    spine.account_id,
    spine.as_of_date
    {%- for days in windows %},
    coalesce(totals.n_cases_{{ days }}d, 0) as n_cases_{{ days }}d
    {%- endfor %},
    coalesce(totals.n_open_cases, 0) as n_open_cases,
    totals.days_since_last_case,
    cast(totals.days_to_close as double) / nullif(totals.n_closed, 0) as mean_days_to_close_365d,
    totals.satisfaction / nullif(totals.n_satisfaction, 0) as mean_satisfaction_365d
from spine
left join totals on {{ same_snapshot('totals') }}
