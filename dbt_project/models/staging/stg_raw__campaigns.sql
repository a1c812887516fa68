with source as (

    select * from {{ source('raw', 'campaigns') }}

),

cleaned as (

    select
        {{ clean_text('campaign_id') }} as campaign_id,
        started_at,
        {{ clean_text('name') }} as name,
        {{ clean_text('channel') }} as channel,
        ended_at,
        budget,
        recorded_at,
        {{ known_at('started_at') }} as known_at,
        _source_file,
        _source_row
    from source

)

{{ deduplicate('cleaned', 'campaigns') }}
