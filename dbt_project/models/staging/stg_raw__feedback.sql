{%- set cleaned %}
    select
        feedback_id,
        account_id,
        given_at,
        rating,
        text,
        recorded_at,
        {{ known_at('given_at') }} as known_at,
        _source_file,
        _source_row
    from {{ source('raw', 'feedback') }}
{%- endset %}

{{ deduplicate(cleaned, 'feedback') }}
