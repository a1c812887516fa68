with spine as (

    select * from {{ ref('int_accounts__spine') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions__at_snapshots') }}

)

select
    spine.account_id,
    spine.as_of_date,
    subscriptions.plan,
    subscriptions.plan_rank,
    subscriptions.mrr,
    subscriptions.seats,
    coalesce(subscriptions.is_trial, false) as is_trial,
    coalesce(subscriptions.n_active_subscriptions, 0) as n_active_subscriptions,
    coalesce(subscriptions.n_subscriptions, 0) as n_subscriptions,
    subscriptions.days_since_plan_start
from spine
left join subscriptions on {{ same_snapshot('subscriptions') }}
