with source as (

    select * from {{ source('raw', 'subscriptions') }}

),

cleaned as (

    select
        {{ clean_text('account_id') }} as account_id,
        {{ clean_text('plan') }} as plan,
        started_at,
        {{ clean_text('subscription_id') }} as subscription_id,
        ended_at,
        mrr,
        seats,
        is_trial,
        recorded_at,
        {{ known_at('started_at') }} as known_at,
        _source_file,
        _source_row
    from source

)

{{ deduplicate('cleaned', 'subscriptions') }}
