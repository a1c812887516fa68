with spine as (

    select * from {{ ref('int_accounts__spine') }}

),

feedback as (

    select * from {{ ref('stg_raw__feedback') }}

),

contacts as (

    select
        account_id,
        contacted_at,
        responded_at,
        known_at,
        {{ known_at('responded_at') }} as response_known_at
    from {{ ref('stg_raw__campaign_contacts') }}
    where not coalesce(is_control, false)

),

feedback_totals as (

    select
        spine.account_id,
        spine.as_of_date,
        count(*) as n_feedback_365d,
        round(sum(feedback.rating), 6) / nullif(count(feedback.rating), 0) as mean_rating_365d
    from spine
    inner join feedback
        on
            spine.account_id = feedback.account_id
            and {{ known_before('feedback') }}
            and {{ in_last_days('feedback.given_at', 365) }}
    group by spine.account_id, spine.as_of_date

),

contact_totals as (

    select
        spine.account_id,
        spine.as_of_date,
        count(case when {{ in_last_days('contacts.contacted_at', 90) }} then 1 end) as n_contacts_90d,
        count(
            case
                when {{ in_last_days('contacts.responded_at', 365) }} and {{ known_before('contacts', column='response_known_at') }}
                    then 1
            end
        ) as n_responses_365d,
        min({{ days_before('contacts.contacted_at') }}) as days_since_last_contact
    from spine
    inner join contacts
        on
            spine.account_id = contacts.account_id
            and {{ known_before('contacts') }}
    group by spine.account_id, spine.as_of_date

)

select
    spine.account_id,
    spine.as_of_date,
    coalesce(feedback_totals.n_feedback_365d, 0) as n_feedback_365d,
    feedback_totals.mean_rating_365d,
    coalesce(contact_totals.n_contacts_90d, 0) as n_contacts_90d,
    coalesce(contact_totals.n_responses_365d, 0) as n_responses_365d,
    contact_totals.days_since_last_contact
from spine
left join feedback_totals on {{ same_snapshot('feedback_totals') }}
left join contact_totals on {{ same_snapshot('contact_totals') }}
