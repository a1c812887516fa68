{#- What the company config says, as SQL. Every list comes from `clv_platform/contracts/dbt_vars.py`. -#}

{% macro is_present(table) -%}
    {{ return(table in var('present_tables')) }}
{%- endmacro %}

{#- The features that one model computes, in catalogue order. -#}
{% macro features_of(model) -%}
    {{ return(var('features') | selectattr('model', 'equalto', model) | list) }}
{%- endmacro %}

{% macro targets_of(kind) -%}
    {{ return(var('targets') | selectattr('kind', 'equalto', kind) | list) }}
{%- endmacro %}

{#- Whether a kind's targets are read from label columns only, so that subscriptions don't decide who is eligible. -#}
{% macro is_flat(kind) -%}
    {%- set targets = targets_of(kind) -%}
    {{ return(targets | length > 0 and targets | rejectattr('label_column') | list | length == 0) }}
{%- endmacro %}

{#- The place of a plan in the rising list, the lowest being 1; null for a plan that isn't listed. -#}
{% macro plan_rank(plan) -%}
    {%- if var('plans')['order'] -%}
    case {{ plan }}
        {%- for name in var('plans')['order'] %}
        when {{ sql_text(name) }} then {{ loop.index }}
        {%- endfor %}
    end
    {%- else -%}
    cast(null as integer)
    {%- endif -%}
{%- endmacro %}

{% macro sql_text(value) -%}
    '{{ value | replace("'", "''") }}'
{%- endmacro %}

{% macro sql_type_of(type) -%}
    {{ return({'number': 'double', 'boolean': 'boolean', 'category': 'varchar'}[type]) }}
{%- endmacro %}
