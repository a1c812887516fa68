{#- What an account had bought by each snapshot, from the account-day fact: the days known then are added up. -#}
{%- set place = days_between("cast('1970-01-01' as date)", 'days.ordered_on') ~ ' * 100000 + '
    ~ days_between('days.ordered_on', 'cast(days.known_at as date)') -%}
with spine as (

    select * from {{ ref('int_snapshots__dates') }}

),

days as (

    select * from {{ ref('int_orders__days') }}

)

select
    days.account_id,
    spine.as_of_date,
    count(case when days.n_purchases = 1 then 1 end) as n_purchases,
    cast(sum(days.n_valued) as bigint) as n_valued,
    sum(days.valued_amount) as valued_amount,
    sum(days.amount) as total_spend,
    min(case when days.is_purchase then days.ordered_on end) as first_purchase_on,
    max(case when days.is_purchase then days.ordered_on end) as last_purchase_on,
    max(case when days.is_purchase then days.day_amount end) as max_purchase_value,
    -- Of a day that became known in parts the last one holds the day's sum, so the place rises with the day, then with the arrival.
    max_by(days.day_amount, case when days.is_purchase then {{ place }} end) as last_purchase_value
from days
inner join spine on {{ known_before('days') }}
group by days.account_id, spine.as_of_date
