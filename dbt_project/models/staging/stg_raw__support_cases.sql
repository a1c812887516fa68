with source as (

    select * from {{ source('raw', 'support_cases') }}

),

cleaned as (

    select
        {{ clean_text('case_id') }} as case_id,
        {{ clean_text('account_id') }} as account_id,
        opened_at,
        closed_at,
        {{ clean_text('kind') }} as kind,
        satisfaction,
        recorded_at,
        {{ known_at('opened_at') }} as known_at,
        _source_file,
        _source_row
    from source

)

{{ deduplicate('cleaned', 'support_cases') }}
