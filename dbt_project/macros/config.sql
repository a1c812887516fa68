{#- What the company config says, as SQL. Every list comes from `clv_platform/contracts/dbt_vars.py`. -#}

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

{#- The kind of the target that a row's column `target` names. -#}
{% macro target_kind() -%}
    cast(case target
        {%- for target in var('targets') %}
        when {{ sql_text(target['name']) }} then {{ sql_text(target['kind']) }}
        {%- endfor %}
        else ''
    end as varchar)
{%- endmacro %}

{% macro sql_text(value) -%}
    '{{ value | replace("'", "''") }}'
{%- endmacro %}
