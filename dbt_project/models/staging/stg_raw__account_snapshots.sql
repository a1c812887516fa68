{%- set cleaned %}
    select
        account_id,
        cast(as_of_date as date) as as_of_date,
        recorded_at,
        {%- for name, type in var('snapshot_columns').items() %}
        {{ clean_as(source('raw', 'account_snapshots'), adapter.quote(name), type) }} as {{ adapter.quote(name) }},
        {%- endfor %}
        {%- for target in var('targets') if target['label_column'] %}
        lower({{ clean_text(adapter.quote(target['label_column'])) }}) as {{ adapter.quote(target['label'] ~ '_value') }},
        {%- endfor %}
        {{ known_at('as_of_date') }} as known_at,
        _source_file,
        _source_row
    from {{ source('raw', 'account_snapshots') }}
{%- endset %}

{{ deduplicate(cleaned, 'account_snapshots') }}
