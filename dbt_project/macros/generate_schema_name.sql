{#- A layer's schema has the layer's name alone: dbt's default would call it main_marts. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
