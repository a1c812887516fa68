with spine as (

    select * from {{ ref('int_accounts__spine') }}

),

accounts as (

    select * from {{ ref('stg_raw__accounts') }}

)

select
    spine.account_id,
    spine.as_of_date,
    accounts.product,
    accounts.territory,
    accounts.country,
    accounts.industry,
    accounts.employee_range,
    accounts.channel,
    accounts.gender,
    case when accounts.signed_up_at < spine.as_of_at then {{ days_before('accounts.signed_up_at') }} end as tenure_days
from spine
inner join accounts on spine.account_id = accounts.account_id
