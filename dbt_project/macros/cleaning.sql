{#- Cleaning in staging: casts that never stop a run, duplicates by declared key. The text of the contract's columns comes trimmed, empty
    text null: the load does it once. -#}

{#- Trimmed text of a column of the user's own, which may be of any type; empty text is null. -#}
{% macro clean_text(column) -%}
    nullif(trim(cast({{ column }} as {{ dbt.type_string() }})), '')
{%- endmacro %}

{#- A column of the user's own type as number, boolean or category; what can't be read is null. -#}
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
    equal rows can be real. Repeated keys are sought by a hash of eight bytes (17 million usage rows: 3 seconds instead of 5, and half
    the memory), and only their rows are sorted; keys that share a hash by chance are told apart there. `cleaned` is a SELECT, written
    out at each of its three places: as a CTE it would be kept in memory with all its columns, which took longer than reading each
    place's few columns from the raw table again (17 million rows: 11 seconds of a processor instead of 7). -#}
{% macro deduplicate(cleaned, table) -%}
    {%- set key = var('source_keys').get(table, []) -%}
    {%- if key -%}
with repeated as (

    select {{ row_hash(key) }} as key_hash
    from ({{ cleaned }}
    ) as cleaned
    group by 1
    having count(*) > 1

)

select *
from ({{ cleaned }}
) as cleaned
where {{ row_hash(key) }} not in (select key_hash from repeated)
union all
select *
from ({{ cleaned }}
) as cleaned
where {{ row_hash(key) }} in (select key_hash from repeated)
qualify row_number() over (
    partition by {{ key | join(', ') }}
    order by known_at desc nulls last, _source_file desc, _source_row desc
) = 1
    {%- else -%}
select *
from ({{ cleaned }}
) as cleaned
    {%- endif -%}
{%- endmacro %}

{#- A number that models can use: infinite and undefined results of a division are null. -#}
{% macro finite_or_null(expression) -%}
    case when isfinite({{ expression }}) then {{ expression }} end
{%- endmacro %}

{#- A plan spelt as `plans.order` of the config does, where the two differ in case and spaces alone: else going from "starter" to "Starter"
    would be a change of plan. A plan that the config lists in two spellings, or not at all, stays as it is; raw rows keep what was given.
    The same rule in Python is clv_platform.contracts.plans. -#}
{% macro plan_as_listed(column) -%}
    {%- set folded = [] -%}
    {%- for name in var('plans')['order'] -%}
        {%- do folded.append(name.split() | join(' ') | lower) -%}
    {%- endfor -%}
    {%- set listed = [] -%}
    {%- for name in var('plans')['order'] -%}
        {%- do listed.append(name) if folded.count(folded[loop.index0]) == 1 -%}
    {%- endfor -%}
    {%- if listed -%}
    case lower(regexp_replace(trim({{ column }}), '\s+', ' ', 'g'))
        {%- for name in listed %}
        when {{ sql_text(name.split() | join(' ') | lower) }} then {{ sql_text(name) }}
        {%- endfor %}
        else {{ column }}
    end
    {%- else -%}
    {{ column }}
    {%- endif -%}
{%- endmacro %}
