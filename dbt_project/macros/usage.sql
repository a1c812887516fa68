{#- Usage months as lags: lag 1 is the month that ends at the snapshot. -#}

{#- A month's value, put together from its parts (see int_usage__months); `condition` picks the parts that are known. -#}
{% macro usage_value(metric, condition) -%}
    {%- set part = "case when " ~ condition ~ " then " ~ adapter.quote(metric) ~ " end" -%}
    {%- set aggregate = var('usage_metrics')[metric] -%}
    {%- if aggregate == 'max' -%}
        max({{ part }})
    {%- elif aggregate == 'mean' -%}
        sum({{ part }}) / nullif(sum(case when {{ condition }} then {{ adapter.quote(metric ~ '_n') }} end), 0)
    {%- else -%}
        round(sum({{ part }}), 6)
    {%- endif -%}
{%- endmacro %}

{#- How many versions of a month are kept: known at its end, one month later, two, three. In the demo company one row in a hundred comes
    two months late, so that with two versions 40 % of the snapshots would have to be put together one by one. -#}
{% macro usage_versions() -%}
    4
{%- endmacro %}

{% macro usage_version(metric, late) -%}
    {{ adapter.quote(metric ~ '__known_' ~ late) }}
{%- endmacro %}

{#- A month's value as known when the last version is. -#}
{% macro usage_settled(metric) -%}
    {{ adapter.quote(metric ~ '__settled') }}
{%- endmacro %}

{% macro usage_lag(metric, lag) -%}
    {{ adapter.quote(metric ~ '__' ~ lag) }}
{%- endmacro %}

{#- Sum, or number, of the months there are among the last so many. -#}
{% macro usage_sum(metric, months) -%}
    {%- for lag in range(1, months + 1) -%}
        coalesce({{ usage_lag(metric, lag) }}, 0){{ ' + ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro usage_n(metric, months) -%}
    {%- for lag in range(1, months + 1) -%}
        cast({{ usage_lag(metric, lag) }} is not null as integer){{ ' + ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#- Sums over the months there are among the last six, x being minus the lag: of x, of x squared, of x times the value. -#}
{% macro usage_moment(metric, kind) -%}
    {%- for lag in range(1, 7) -%}
        {%- set value = usage_lag(metric, lag) -%}
        {%- if kind == 'x' -%}
            {{ -lag }} * cast({{ value }} is not null as integer)
        {%- elif kind == 'xx' -%}
            {{ lag * lag }} * cast({{ value }} is not null as integer)
        {%- else -%}
            {{ -lag }} * coalesce({{ value }}, 0)
        {%- endif -%}
        {{ ' + ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#- One side of an interaction: a usage metric or support cases, over the last three months. -#}
{% macro interaction_amount(name) -%}
    {%- if name == 'support_cases' -%}
        support.n_cases_90d
    {%- else -%}
        usage.{{ adapter.quote(name ~ '_sum_3m') }}
    {%- endif -%}
{%- endmacro %}
