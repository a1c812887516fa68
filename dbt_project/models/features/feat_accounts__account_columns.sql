with spine as (

    select * from {{ ref('int_accounts__spine') }}

),

accounts as (

    select * from {{ ref('stg_raw__accounts') }}

)

select
    spine.account_id,
    spine.as_of_date
    {%- for name in var('account_columns') %},
    accounts.{{ adapter.quote(name) }}
    {%- endfor %}
from spine
inner join accounts on spine.account_id = accounts.account_id
