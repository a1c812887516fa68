{#- What an account had bought by each snapshot, from the account-day fact: the days known then are added up. -#}
with spine as (

    select * from {{ ref('int_accounts__candidates') }}

),

days as (

    select * from {{ ref('int_orders__days') }}

)

select
    spine.account_id,
    spine.as_of_date,
    cast(sum(days.n_purchases) as bigint) as n_purchases,
    cast(sum(days.n_valued) as bigint) as n_valued,
    sum(days.valued_amount) as valued_amount,
    sum(days.amount) as total_spend,
    min(case when days.is_purchase then days.ordered_on end) as first_purchase_on,
    max(case when days.is_purchase then days.ordered_on end) as last_purchase_on,
    max(case when days.is_purchase then days.day_amount end) as max_purchase_value,
    -- Of a day that became known in parts the last one holds the day's sum.
    max_by(days.day_amount, case when days.is_purchase then days.place end) as last_purchase_value
from spine
inner join days
    on
        spine.account_id = days.account_id
        and {{ known_before('days') }}
group by spine.account_id, spine.as_of_date
