{#- What an account had bought by each snapshot, from the account-day fact: the days known then are added up. Of a day that became known in
    parts the last one holds the day's sum, so its place rises with the day, then with the arrival. -#}
{%- set place = 'days.ordered_on' -%}
{%- if has_values('orders', 'recorded_at') -%}
    {%- set place = days_between("cast('1970-01-01' as date)", 'days.ordered_on') ~ ' * 100000 + '
        ~ days_between('days.ordered_on', 'days.known_on') -%}
{%- endif -%}
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
    max_by(case when days.is_purchase then days.day_amount end, {{ place }}) as last_purchase_value
from days
inner join spine on {{ known_before('days', column='known_on') }}
group by days.account_id, spine.as_of_date
