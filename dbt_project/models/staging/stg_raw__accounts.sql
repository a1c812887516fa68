with source as (

    select * from {{ source('raw', 'accounts') }}

),

cleaned as (

    select
        {{ clean_text('account_id') }} as account_id,
        signed_up_at,
        {{ clean_text('product') }} as product,
        {{ clean_text('territory') }} as territory,
        {{ clean_text('country') }} as country,
        {{ clean_text('industry') }} as industry,
        {{ clean_text('employee_range') }} as employee_range,
        {{ clean_text('channel') }} as channel,
        birth_date,
        {{ clean_text('gender') }} as gender,
        recorded_at,
        {%- for name, type in var('account_columns').items() %}
        {{ clean_as(adapter.quote(name), type) }} as {{ adapter.quote(name) }},
        {%- endfor %}
        {{ known_at('signed_up_at') }} as known_at,
        _source_file,
        _source_row
    from source

)

{{ deduplicate('cleaned', 'accounts') }}
