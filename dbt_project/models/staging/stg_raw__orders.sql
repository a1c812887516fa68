with source as (

    select * from {{ source('raw', 'orders') }}

),

cleaned as (

    select
        {{ clean_text('account_id') }} as account_id,
        ordered_at,
        amount,
        {{ clean_text('order_id') }} as order_id,
        {{ clean_text('line_id') }} as line_id,
        quantity,
        {{ clean_text('currency') }} as currency,
        {{ clean_text('product') }} as product,
        {{ clean_text('category') }} as category,
        {{ clean_text('channel') }} as channel,
        discount,
        cost,
        recorded_at,
        {{ known_at('ordered_at') }} as known_at,
        _source_file,
        _source_row
    from source

)

{{ deduplicate('cleaned', 'orders') }}
