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

{#- One row per declared key: the last recorded, then the last in the files. Tables without a declared key keep every row, because
    equal rows can be real. Only repeated keys are sorted: ranking all 17 million usage rows takes three times as long as finding
    the few repeated ones. The last CTE of the model is named here; its rows come out. -#}
{% macro deduplicate(relation, table) -%}
    {%- set key = var('source_keys').get(table, []) -%}
    {%- if key -%}
, repeated as (

    select {{ key | join(', ') }}, true as is_repeated
    from {{ relation }}
    group by {{ key | join(', ') }}
    having count(*) > 1

)

select {{ relation }}.*
from {{ relation }}
left join repeated on {{ same_key(relation, 'repeated', key) }}
where repeated.is_repeated is null
union all
select {{ relation }}.*
from {{ relation }}
inner join repeated on {{ same_key(relation, 'repeated', key) }}
qualify row_number() over (
    partition by {% for column in key %}{{ relation }}.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
    order by known_at desc nulls last, _source_file desc, _source_row desc
) = 1
    {%- else %}
select *
from {{ relation }}
    {%- endif -%}
{%- endmacro %}

{#- Equal keys, where a missing part (an undated snapshot) equals a missing part. -#}
{% macro same_key(left, right, key) -%}
    {%- for column in key -%}
        {{ left }}.{{ column }} is not distinct from {{ right }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#- A number that models can use: infinite and undefined results of a division are null. -#}
{% macro finite_or_null(expression) -%}
    case when isfinite({{ expression }}) then {{ expression }} end
{%- endmacro %}
