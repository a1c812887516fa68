with source as (

    select * from {{ source('raw', 'campaign_contacts') }}

),

cleaned as (

    select
        {{ clean_text('campaign_id') }} as campaign_id,
        {{ clean_text('account_id') }} as account_id,
        contacted_at,
        {{ clean_text('offer') }} as offer,
        cost,
        is_control,
        responded_at,
        revenue,
        recorded_at,
        {{ known_at('contacted_at') }} as known_at,
        _source_file,
        _source_row
    from source

)

{{ deduplicate('cleaned', 'campaign_contacts') }}
