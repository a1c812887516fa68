{#- A ready-made label of a flat table: positive values are 1, blank is null (not usable), everything else 0. A number keeps its
    meaning as text: 1.0 is 1. -#}
{% macro flat_label(target) -%}
    {%- set value = "snapshots." ~ adapter.quote(target['label'] ~ '_value') -%}
    cast(case
        when {{ value }} is null or not ({{ is_mature(target['horizon_days']) }}) then null
        when regexp_replace({{ value }}, '[.]0+$', '') in (
            {% for text in target['positive_values'] %}{{ sql_text(text) }}{{ ', ' if not loop.last }}{% endfor %}
        ) then 1
        else 0
    end as integer)
{%- endmacro %}
