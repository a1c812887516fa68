{%- set cleaned %}
    select
        case_id,
        account_id,
        opened_at,
        closed_at,
        kind,
        satisfaction,
        recorded_at,
        {{ known_at('opened_at') }} as known_at,
        _source_file,
        _source_row
    from {{ source('raw', 'support_cases') }}
{%- endset %}

{{ deduplicate(cleaned, 'support_cases') }}
