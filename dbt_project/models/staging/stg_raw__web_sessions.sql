{%- set cleaned %}
    select
        session_id,
        account_id,
        visitor_id,
        started_at,
        source,
        medium,
        n_pageviews,
        duration,
        converted,
        converted_at,
        recorded_at,
        {{ known_at('started_at') }} as known_at,
        _source_file,
        _source_row
    from {{ source('raw', 'web_sessions') }}
{%- endset %}

{{ deduplicate(cleaned, 'web_sessions') }}
