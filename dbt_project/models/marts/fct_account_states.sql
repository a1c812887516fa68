{#- What the stages of life are told from, for every account that was known at a snapshot, asked about or not: who left has no other
    row. -#}
{%- set has_subscriptions = is_present('subscriptions') -%}
with candidates as (

    select * from {{ ref('int_accounts__candidates') }}

),

purchases as (

    select * from {{ ref('int_purchases__at_snapshots') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions__at_snapshots') }}

)

select
    candidates.account_id,
    candidates.as_of_date,
    cast(case
        when {{ dbt.datediff('purchases.first_purchase_on', 'candidates.as_of_at', 'day') }} > candidates.known_days
            then {{ dbt.datediff('purchases.first_purchase_on', 'candidates.as_of_at', 'day') }}
        else candidates.known_days
    end as bigint) as tenure_days,
    coalesce(purchases.n_purchases, 0) as n_purchases,
    coalesce(cast(purchases.total_spend as double), 0) as total_spend,
    purchases.last_purchase_on,
    cast({{ dbt.datediff('purchases.last_purchase_on', 'candidates.as_of_at', 'day') }} as bigint) as days_since_last_purchase,
    {% if has_subscriptions -%}
    coalesce(subscriptions.n_active_subscriptions > 0, false) as is_subscribed,
    coalesce(subscriptions.n_active_subscriptions = 0, false) as has_left
    {%- else -%}
    false as is_subscribed,
    false as has_left
    {%- endif %}
from candidates
left join purchases on {{ same_snapshot('purchases', 'candidates') }}
left join subscriptions on {{ same_snapshot('subscriptions', 'candidates') }}
