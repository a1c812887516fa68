{%- set cleaned %}
    select
        account_id,
        {{ plan_as_listed('plan') }} as plan,
        started_at,
        subscription_id,
        ended_at,
        mrr,
        seats,
        is_trial,
        recorded_at,
        {{ known_at('started_at') }} as known_at,
        _source_file,
        _source_row
    from {{ source('raw', 'subscriptions') }}
{%- endset %}

{{ deduplicate(cleaned, 'subscriptions') }}
