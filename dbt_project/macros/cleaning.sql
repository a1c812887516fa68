{#- Cleaning in staging: casts that never stop a run, duplicates by declared key. The text of the contract's columns comes trimmed, empty
    text null: the load does it once. -#}

{#- Trimmed text of a column of the user's own, which may be of any type; empty text is null. -#}
{% macro clean_text(column) -%}
    nullif(trim(cast({{ column }} as {{ dbt.type_string() }})), '')
{%- endmacro %}

{#- A column of `relation`, of the user's own type, as number, boolean or category; what can't be read is null. -#}
{% macro clean_as(relation, column, type) -%}
    {%- if type == 'number' -%}
        {{ dbt.safe_cast(clean_text(column), 'double') }}
    {%- elif type == 'boolean' -%}
        {{ text_as_boolean(clean_text(column)) }}
    {%- else -%}
        {{ as_mostly_spelt(relation, clean_text(column)) }}
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

{#- What spellings of one name have in common; the same rule in Python is clv_platform.contracts.spellings.fold. -#}
{% macro folded(value) -%}
    lower(trim(regexp_replace({{ value }}, '\s+', ' ', 'g')))
{%- endmacro %}

{#- A plan spelt as `plans.order` of the config does, where the two differ in case and spaces alone or `plans.also_called` says so: else
    going from "starter" to "Starter" would be a change of plan. Other plans stay as they are; raw rows keep what was given. -#}
{% macro plan_as_listed(column) -%}
    {%- set names = var('plans').get('names', {}) -%}
    {%- if names -%}
    case {{ folded(column) }}
        {%- for name, plan in names.items() %}
        when {{ sql_text(name) }} then {{ sql_text(plan) }}
        {%- endfor %}
        else {{ column }}
    end
    {%- else -%}
    {{ column }}
    {%- endif -%}
{%- endmacro %}

{#- A category spelt as most rows of `relation` spell it, where spellings differ in case and spaces alone: else every figure by territory
    would have two groups, T1 and t1. For categories only, never for ids. -#}
{% macro as_mostly_spelt(relation, value) -%}
    coalesce((
            select _spelt._used
            from (
                select
                    _given,
                    first_value(_given) over (partition by {{ folded('_given') }} order by _n_rows desc, _given) as _used
                from (select {{ value }} as _given, count(*) as _n_rows from {{ relation }} group by 1)
            ) as _spelt
            where _spelt._given = {{ value }}
        ), {{ value }})
{%- endmacro %}
