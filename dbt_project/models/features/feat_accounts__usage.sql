{#- Plain arithmetic on the twelve lags. A missing month is left out of sums and means; where there is none, they are null. -#}
with lags as (

    select * from {{ ref('int_usage__lags') }}

),

sums as (

    select
        account_id,
        as_of_date
        {%- for metric in var('usage_metrics') %}
        {%- for lag in range(1, 4) %},
        {{ usage_lag(metric, lag) }} as {{ adapter.quote(metric ~ '_lag_' ~ lag ~ 'm') }}
        {%- endfor %}
        {%- for months in [3, 6, 12] %},
        {{ usage_sum(metric, months) }} as {{ adapter.quote(metric ~ '_total_' ~ months) }},
        {{ usage_n(metric, months) }} as {{ adapter.quote(metric ~ '_n_' ~ months) }}
        {%- endfor %}
        {%- for kind in ['x', 'xx', 'xy'] %},
        cast({{ usage_moment(metric, kind) }} as double) as {{ adapter.quote(metric ~ '_' ~ kind) }}
        {%- endfor %}
        {%- endfor %}
    from lags

)

select
    account_id,
    as_of_date
    {%- for metric in var('usage_metrics') %}
    {%- set x, xx, xy = adapter.quote(metric ~ '_x'), adapter.quote(metric ~ '_xx'), adapter.quote(metric ~ '_xy') %}
    {%- set y, n = adapter.quote(metric ~ '_total_6'), adapter.quote(metric ~ '_n_6') %}
    {%- for lag in range(1, 4) %},
    {{ adapter.quote(metric ~ '_lag_' ~ lag ~ 'm') }}
    {%- endfor %}
    {%- for months in [3, 6, 12] %}
    {%- set total, present = adapter.quote(metric ~ '_total_' ~ months), adapter.quote(metric ~ '_n_' ~ months) %},
    case when {{ present }} > 0 then {{ total }} end as {{ adapter.quote(metric ~ '_sum_' ~ months ~ 'm') }},
    {{ total }} / nullif({{ present }}, 0) as {{ adapter.quote(metric ~ '_mean_' ~ months ~ 'm') }}
    {%- endfor %},
    -- least-squares slope (n*sum(xy) - sum(x)*sum(y)) / (n*sum(xx) - sum(x)^2), divided by the mean sum(y)/n
    ({{ n }} * {{ xy }} - {{ x }} * {{ y }}) / nullif({{ n }} * {{ xx }} - {{ x }} * {{ x }}, 0) / nullif({{ y }} / nullif({{ n }}, 0), 0)
        as {{ adapter.quote(metric ~ '_trend_6m') }},
    ({{ adapter.quote(metric ~ '_total_3') }} / nullif({{ adapter.quote(metric ~ '_n_3') }}, 0))
    / nullif({{ adapter.quote(metric ~ '_total_12') }} / nullif({{ adapter.quote(metric ~ '_n_12') }}, 0), 0)
        as {{ adapter.quote(metric ~ '_ratio_3m_12m') }},
    {{ adapter.quote(metric ~ '_n_12') }} as {{ adapter.quote(metric ~ '_n_months_12m') }}
    {%- endfor %}
from sums
