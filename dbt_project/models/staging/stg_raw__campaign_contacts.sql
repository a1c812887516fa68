{%- set cleaned %}
    select
        campaign_id,
        account_id,
        contacted_at,
        offer,
        cost,
        is_control,
        responded_at,
        revenue,
        recorded_at,
        {{ known_at('contacted_at') }} as known_at,
        _source_file,
        _source_row
    from {{ source('raw', 'campaign_contacts') }}
{%- endset %}

{{ deduplicate(cleaned, 'campaign_contacts') }}
