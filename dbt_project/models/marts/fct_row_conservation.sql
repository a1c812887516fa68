{#- What became of every row that was read. The rows that staging holds are used, unless they are dated later than the data's end; those
    it left out share a declared key with a later one. What has no date of its own, or is a snapshot, is never late. -#}
{%- set happens_at = {
    'accounts': none, 'subscriptions': 'started_at', 'orders': 'ordered_at', 'support_cases': 'opened_at',
    'web_sessions': 'started_at', 'feedback': 'given_at', 'campaigns': 'started_at', 'campaign_contacts': 'contacted_at',
    'account_snapshots': none,
} -%}
with load_report as (

    select * from {{ ref('stg_raw__load_report') }}

),

loads as (

    select
        table_name,
        sum(n_read) as n_read,
        sum(n_accepted) as n_accepted,
        sum(n_rejected) as n_rejected,
        sum(n_excluded) as n_excluded
    from load_report
    group by table_name

),

used as (

    select
        'usage' as table_name,
        coalesce(sum(n_readings), 0) as n_staged,
        coalesce(sum(
            case when {{ dbt.dateadd('month', -1, 'month_end_date') }} >= {{ observed_until_at() }} then n_readings end
        ), 0) as n_late
    from {{ ref('int_usage__months') }}
    where extract('day' from month_end_date) = {{ var('anchor_days')[0] }}
    {% for table, moment in happens_at.items() %}
    union all
    select
        '{{ table }}' as table_name,
        count(*) as n_staged,
        {{ 'count(case when ' ~ moment ~ ' >= ' ~ observed_until_at() ~ ' then 1 end)' if moment else '0' }} as n_late
    from {{ ref('stg_raw__' ~ table) }}
    {% endfor %}

)

select
    cast(loads.table_name as varchar) as table_name,
    cast(loads.n_read as bigint) as n_read,
    cast(loads.n_accepted as bigint) as n_accepted,
    cast(loads.n_rejected as bigint) as n_rejected,
    cast(loads.n_excluded as bigint) as n_excluded,
    cast(loads.n_accepted - used.n_staged as bigint) as n_duplicates,
    cast(used.n_late as bigint) as n_late,
    cast(used.n_staged - used.n_late as bigint) as n_used
from loads
inner join used on loads.table_name = used.table_name
