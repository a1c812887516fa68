{#- How often, when last and for how much an account had bought by each snapshot: what the probability models read. Days count once; time is
    counted from the first purchase to the day before the snapshot. -#}
{#- Where there are orders alone, nobody is eligible without a purchase. -#}
{%- set has_buyers_alone = is_present('orders') and not is_present('subscriptions') and not var('is_undated') -%}
with spine as (

    select * from {{ ref('int_accounts__spine') }}

),

purchases as (

    select * from {{ ref('int_purchases__at_snapshots') }}

)

select
    spine.account_id,
    spine.as_of_date,
    cast(greatest(coalesce(purchases.n_purchases, 0) - 1, 0) as bigint) as frequency,
    cast(coalesce({{ days_between('purchases.first_purchase_on', 'purchases.last_purchase_on') }}, 0) as bigint) as recency_days,
    cast({{ days_between('purchases.first_purchase_on', 'cast(spine.as_of_at as date)') }} - 1 as bigint) as {{ adapter.quote('T_days') }},
    coalesce(purchases.n_purchases, 0) as n_purchases,
    coalesce(purchases.n_valued, 0) as n_valued,
    cast(purchases.valued_amount as double) / nullif(purchases.n_valued, 0) as mean_value,
    coalesce(cast(purchases.total_spend as double), 0) as total_spend,
    purchases.first_purchase_on,
    purchases.last_purchase_on
from spine
{{ 'inner' if has_buyers_alone else 'left' }} join purchases on {{ same_snapshot('purchases') }}
where spine.is_eligible_value and {{ 'true' if is_present('orders') else 'false' }}
