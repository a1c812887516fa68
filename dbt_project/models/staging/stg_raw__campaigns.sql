{%- set cleaned %}
    select
        campaign_id,
        started_at,
        name,
        channel,
        ended_at,
        budget,
        recorded_at,
        {{ known_at('started_at') }} as known_at,
        _source_file,
        _source_row
    from {{ source('raw', 'campaigns') }}
{%- endset %}

{{ deduplicate(cleaned, 'campaigns') }}
