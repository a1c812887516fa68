{#- One pass over the long table. Each month is split by how many months late its rows became known (0: by the month's end), so that
    a month's value at any later snapshot is put together from these parts. A mean needs sum and count, the others themselves. Sums
    are rounded to six digits: adding floats in another order must not change a feature. -#}
with readings as (

    select * from {{ ref('stg_raw__usage') }}

),

placed as (
    {% for day in var('anchor_days') %}
    {{ 'union all' if not loop.first }}
    select
        account_id,
        metric,
        value,
        known_at,
        {{ day }} as anchor_day,
        {{ month_start('used_at', day) }} as month_start,
        case when known_at > used_at then {{ month_start('known_at', day) }} else {{ month_start('used_at', day) }} end as known_month
    from readings
    {% endfor %}
),

-- Counting in firsts of month: adding a month to each of millions of rows would cost seconds.
parts as (

    select
        account_id,
        anchor_day,
        month_start,
        known_month,
        min(known_at) as first_known_at,
        count(*) as n_readings
        {%- for metric, aggregate in var('usage_metrics').items() %}
        {%- set value = "case when metric = " ~ sql_text(metric) ~ " then value end" %}
        {%- if aggregate == 'max' %},
        max({{ value }}) as {{ adapter.quote(metric) }}
        {%- else %},
        round(sum({{ value }}), 6) as {{ adapter.quote(metric) }}
        {%- endif %}
        {%- if aggregate == 'mean' %},
        count({{ value }}) as {{ adapter.quote(metric ~ '_n') }}
        {%- endif %}
        {%- endfor %}
    from placed
    group by 1, 2, 3, 4

)

select
    account_id,
    {{ month_end_date_of('month_start', 'anchor_day') }} as month_end_date,
    cast({{ dbt.datediff('month_start', 'known_month', 'month') }} as integer) as n_months_late,
    first_known_at,
    n_readings
    {%- for metric, aggregate in var('usage_metrics').items() %},
    {{ adapter.quote(metric) }}
    {%- if aggregate == 'mean' %},
    {{ adapter.quote(metric ~ '_n') }}
    {%- endif %}
    {%- endfor %}
from parts
