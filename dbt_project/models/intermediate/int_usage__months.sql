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
        {{ month_end_date('used_at', day) }} as month_end_date,
        cast(case
            when known_at = used_at then 0
            else {{ dbt.datediff(month_end_date('used_at', day), month_end_date('known_at', day), 'month') }}
        end as integer) as n_months_late
    from readings
    {% endfor %}
)

select
    account_id,
    month_end_date,
    n_months_late,
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
group by 1, 2, 3
