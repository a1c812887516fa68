{#- Which tables show that an account exists, and the column set is the same in each: account_id and when the row became known. -#}
{%- set relations = {
    'subscriptions': 'stg_raw__subscriptions',
    'orders': 'stg_raw__orders',
    'usage': 'int_usage__months',
    'support_cases': 'stg_raw__support_cases',
    'web_sessions': 'stg_raw__web_sessions',
    'feedback': 'stg_raw__feedback',
    'account_snapshots': 'stg_raw__account_snapshots',
} -%}
with accounts as (

    select * from {{ ref('stg_raw__accounts') }}

),

events as (
{% for table, relation in relations.items() %}
    {{ 'union all' if not loop.first }}
    select
        account_id,
        min({{ 'first_known_at' if table == 'usage' else 'known_at' }}) as first_known_at,
        cast('{{ table }}' as varchar) as table_name
    from {{ ref(relation) }}
    where account_id is not null
    group by account_id
{% endfor %}
),

first_events as (

    select
        account_id,
        min(first_known_at) as first_event_at
    from events
    group by account_id

),

-- The monthly grid starts after the first row of the table that shows behaviour best: sign-ups can be decades older than
-- the records of use.
first_rows as (

    select
        min(case when table_name = 'usage' then first_known_at end) as usage_at,
        min(case when table_name = 'orders' then first_known_at end) as orders_at,
        min(case when table_name = 'web_sessions' then first_known_at end) as web_sessions_at,
        min(case when table_name = 'support_cases' then first_known_at end) as support_cases_at,
        min(first_known_at) as any_at
    from events

)

select
    accounts.account_id,
    accounts.signed_up_at,
    first_events.first_event_at,
    coalesce(accounts.signed_up_at, first_events.first_event_at) as first_seen_at,
    coalesce(accounts.known_at, first_events.first_event_at) as known_at,
    coalesce(
        first_rows.usage_at, first_rows.orders_at, first_rows.web_sessions_at, first_rows.support_cases_at, first_rows.any_at,
        min(accounts.signed_up_at) over ()
    ) as records_begin_at
from accounts
left join first_events on accounts.account_id = first_events.account_id
cross join first_rows
