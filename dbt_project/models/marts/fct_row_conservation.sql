{#- What became of every row that was read. The rows that staging holds are used; those it left out share a declared key with a
    later one. -#}
{%- set tables = [
    'accounts', 'subscriptions', 'orders', 'support_cases', 'web_sessions', 'feedback', 'campaigns', 'campaign_contacts',
    'account_snapshots',
] -%}
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
        coalesce(sum(n_readings), 0) as n_used
    from {{ ref('int_usage__months') }}
    where extract('day' from month_end_date) = {{ var('anchor_days')[0] }}
    {% for table in tables %}
    union all
    select
        '{{ table }}' as table_name,
        count(*) as n_used
    from {{ ref('stg_raw__' ~ table) }}
    {% endfor %}

)

select
    cast(loads.table_name as varchar) as table_name,
    cast(loads.n_read as bigint) as n_read,
    cast(loads.n_accepted as bigint) as n_accepted,
    cast(loads.n_rejected as bigint) as n_rejected,
    cast(loads.n_excluded as bigint) as n_excluded,
    cast(loads.n_accepted - used.n_used as bigint) as n_duplicates,
    cast(used.n_used as bigint) as n_used
from loads
inner join used on loads.table_name = used.table_name
