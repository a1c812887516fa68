{%- set attributes = ['product', 'territory', 'country', 'industry', 'employee_range', 'channel'] -%}
with accounts as (

    select * from {{ ref('stg_raw__accounts') }}

),

first_seen as (

    select * from {{ ref('int_accounts__first_seen') }}

)

select
    accounts.account_id
    {%- for attribute in attributes %},
    {{ 'cast(null as varchar)' if attribute in var('private') else 'accounts.' ~ attribute }} as {{ attribute }}
    {%- endfor %},
    accounts.signed_up_at,
    first_seen.first_event_at
from accounts
inner join first_seen on accounts.account_id = first_seen.account_id
