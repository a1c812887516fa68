with source as (

    select * from {{ source('raw', 'web_sessions') }}

),

cleaned as (

    select
        {{ clean_text('session_id') }} as session_id,
        {{ clean_text('account_id') }} as account_id,
        {{ clean_text('visitor_id') }} as visitor_id,
        started_at,
        {{ clean_text('source') }} as source,
        {{ clean_text('medium') }} as medium,
        n_pageviews,
        duration,
        converted,
        recorded_at,
        {{ known_at('started_at') }} as known_at,
        _source_file,
        _source_row
    from source

)

{{ deduplicate('cleaned', 'web_sessions') }}
