{#- Cleaning in staging: trimming, casts that never stop a run, duplicates by declared key. -#}

{#- Trimmed text; empty text is null. -#}
{% macro clean_text(column) -%}
    nullif(trim(cast({{ column }} as {{ dbt.type_string() }})), '')
{%- endmacro %}

{#- A column of the user's own type as number, boolean or category; what can't be read is null (a test counts these). -#}
{% macro clean_as(column, type) -%}
    {%- if type == 'number' -%}
        {{ dbt.safe_cast(clean_text(column), 'double') }}
    {%- elif type == 'boolean' -%}
        {{ text_as_boolean(clean_text(column)) }}
    {%- else -%}
        {{ clean_text(column) }}
    {%- endif -%}
{%- endmacro %}

{% macro text_as_boolean(text) -%}
    case
        when lower({{ text }}) in ('1', '1.0', 'true', 't', 'yes', 'y') then true
        when lower({{ text }}) in ('0', '0.0', 'false', 'f', 'no', 'n') then false
    end
{%- endmacro %}

{#- One row per declared key: the last recorded, then the last in the files. Tables without a declared key keep every row, because equal rows can be real. -#}
{% macro deduplicate(relation, table) -%}
    {%- set key = var('source_keys').get(table, []) -%}
select *
from {{ relation }}
{%- if key %}
qualify row_number() over (
    partition by {{ key | join(', ') }}
    order by known_at desc nulls last, _source_file desc, _source_row desc
) = 1
{%- endif %}
{%- endmacro %}

{#- A number that models can use: infinite and undefined results of a division are null. -#}
{% macro finite_or_null(expression) -%}
    case when isfinite({{ expression }}) then {{ expression }} end
{%- endmacro %}
