with source as (

    select * from {{ source('raw', 'feedback') }}

),

cleaned as (

    select
        {{ clean_text('feedback_id') }} as feedback_id,
        {{ clean_text('account_id') }} as account_id,
        given_at,
        rating,
        {{ clean_text('text') }} as text,
        recorded_at,
        {{ known_at('given_at') }} as known_at,
        _source_file,
        _source_row
    from source

)

{{ deduplicate('cleaned', 'feedback') }}
