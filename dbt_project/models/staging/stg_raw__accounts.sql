{%- set cleaned %}
    select
        account_id,
        signed_up_at,
        {%- for name in ['product', 'territory', 'country', 'industry', 'employee_range', 'channel', 'gender'] %}
        {{ as_mostly_spelt(source('raw', 'accounts'), name) }} as {{ name }},
        {%- endfor %}
        birth_date,
        recorded_at,
        {%- for name, type in var('account_columns').items() %}
        {{ clean_as(source('raw', 'accounts'), adapter.quote(name), type) }} as {{ adapter.quote(name) }},
        {%- endfor %}
        {{ known_at('signed_up_at') }} as known_at,
        _source_file,
        _source_row
    from {{ source('raw', 'accounts') }}
{%- endset %}

{{ deduplicate(cleaned, 'accounts') }}
