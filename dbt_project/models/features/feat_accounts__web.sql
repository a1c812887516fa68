{%- set windows = [30, 90, 365] -%}
with spine as (

    select * from {{ ref('int_accounts__spine') }}

),

web_sessions as (

    select
        account_id,
        started_at,
        n_pageviews,
        known_at,
        coalesce(converted, false) or converted_at is not null as has_converted,
        -- Without a time of its own a conversion is known with its visit.
        case when converted_at is null then known_at else {{ known_at('converted_at') }} end as conversion_known_at
    from {{ ref('stg_raw__web_sessions') }}

),

known as (

    select
        spine.account_id,
        spine.as_of_date,
        web_sessions.n_pageviews,
        web_sessions.has_converted and {{ known_before('web_sessions', column='conversion_known_at') }} as has_converted,
        {{ days_before('web_sessions.started_at') }} as days_ago
        {%- for days in windows %},
        {{ in_last_days('web_sessions.started_at', days) }} as is_in_{{ days }}d
        {%- endfor %}
    from spine
    inner join web_sessions
        on
            spine.account_id = web_sessions.account_id
            and {{ known_before('web_sessions') }}

),

totals as (

    select
        account_id,
        as_of_date
        {%- for days in windows %},
        count(case when is_in_{{ days }}d then 1 end) as n_sessions_{{ days }}d,
        cast(sum(case when is_in_{{ days }}d then n_pageviews end) as bigint) as n_pageviews_{{ days }}d
        {%- endfor %},
        count(case when is_in_365d and has_converted then 1 end) as n_conversions_365d,
        min(days_ago) as days_since_last_session
    from known
    group by account_id, as_of_date

)

select
    spine.account_id,
    spine.as_of_date
    {%- for days in windows %},
    coalesce(totals.n_sessions_{{ days }}d, 0) as n_sessions_{{ days }}d,
    coalesce(totals.n_pageviews_{{ days }}d, 0) as n_pageviews_{{ days }}d
    {%- endfor %},
    coalesce(totals.n_conversions_365d, 0) as n_conversions_365d,
    totals.days_since_last_session
from spine
left join totals on {{ same_snapshot('totals') }}
