with source as (

    select * from {{ source('raw', 'usage') }}

),

cleaned as (

    select
        {{ clean_text('account_id') }} as account_id,
        used_at,
        {{ clean_text('metric') }} as metric,
        value,
        recorded_at,
        {{ known_at('used_at') }} as known_at,
        _source_file,
        _source_row
    from source

)

{{ deduplicate('cleaned', 'usage') }}
