{%- set cleaned %}
    select
        account_id,
        ordered_at,
        amount,
        order_id,
        line_id,
        quantity,
        currency,
        product,
        category,
        channel,
        discount,
        cost,
        recorded_at,
        {{ known_at('ordered_at') }} as known_at,
        _source_file,
        _source_row
    from {{ source('raw', 'orders') }}
{%- endset %}

{{ deduplicate(cleaned, 'orders') }}
