{%- set cleaned %}
    select
        account_id,
        used_at,
        metric,
        value,
        recorded_at,
        {{ known_at('used_at') }} as known_at,
        _source_file,
        _source_row
    from {{ source('raw', 'usage') }}
{%- endset %}

{{ deduplicate(cleaned, 'usage') }}
