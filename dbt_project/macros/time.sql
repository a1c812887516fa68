{#- The rules of time, each written once. Features see what was known before a snapshot; labels see [as_of, as_of + horizon). -#}

{#- When a row became known: when it happened, or when it was recorded if that was later. A missing recorded_at means at once. -#}
{% macro known_at(happened_at, recorded_at='recorded_at') -%}
    case when {{ recorded_at }} > {{ happened_at }} then {{ recorded_at }} else {{ happened_at }} end
{%- endmacro %}

{#- The boundary of every feature: strictly before the snapshot. `column` names the moment of a value that is known later than its row. -#}
{% macro known_before(relation, snapshot='spine', column='known_at') -%}
    {{ relation }}.{{ column }} < {{ snapshot }}.as_of_at
{%- endmacro %}

{#- A known row that happened in the last so many days before the snapshot. -#}
{% macro in_last_days(happened_at, days, snapshot='spine') -%}
    {{ happened_at }} >= {{ dbt.dateadd('day', -days, snapshot ~ '.as_of_at') }}
{%- endmacro %}

{#- Whole days from a moment to the snapshot; at least 1 for everything known before it, because snapshots are at midnight. -#}
{% macro days_before(happened_at, snapshot='spine') -%}
    {{ dbt.datediff(happened_at, snapshot ~ '.as_of_at', 'day') }}
{%- endmacro %}

{#- The boundary of every label: from the snapshot on, up to the end of the horizon. -#}
{% macro in_horizon(happened_at, days, snapshot='spine') -%}
    {{ happened_at }} >= {{ snapshot }}.as_of_at
    and {{ happened_at }} < {{ dbt.dateadd('day', days, snapshot ~ '.as_of_at') }}
{%- endmacro %}

{#- Whether a label's window lies inside the data; without a date there is no window. -#}
{% macro is_mature(days, snapshot='spine') -%}
    {%- if var('is_undated') -%}
        true
    {%- elif var('observed_until') -%}
        {{ dbt.dateadd('day', days, snapshot ~ '.as_of_at') }} <= {{ observed_until_at() }}
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}

{% macro observed_until_at() -%}
    {%- if var('observed_until') -%}
        cast('{{ var("observed_until") }}' as {{ dbt.type_timestamp() }})
    {%- else -%}
        cast('9999-12-31' as {{ dbt.type_timestamp() }})
    {%- endif -%}
{%- endmacro %}

{#- The join of two relations with the key (account_id, as_of_date); undated rows have the account alone. -#}
{% macro same_snapshot(left, right='spine') -%}
    {{ left }}.account_id = {{ right }}.account_id
    {%- if not var('is_undated') %}
    and {{ left }}.as_of_date = {{ right }}.as_of_date
    {%- endif -%}
{%- endmacro %}

{#- The month a moment falls in, named by the first of a calendar month; months are counted from the anchor day of the snapshots
    (1 for firsts of month). -#}
{% macro month_start(moment, anchor_day) -%}
    {{ dbt.date_trunc('month', moment if anchor_day == 1 else dbt.dateadd('day', 1 - anchor_day, moment)) }}
{%- endmacro %}

{#- The end of such a month, exclusive; `anchor_day` may be a column. -#}
{% macro month_end_date_of(start, anchor_day) -%}
    cast({{ dbt.dateadd('day', '(' ~ anchor_day ~ ' - 1)', dbt.dateadd('month', 1, start)) }} as date)
{%- endmacro %}

{% macro month_end_date(moment, anchor_day) -%}
    {{ month_end_date_of(month_start(moment, anchor_day), anchor_day) }}
{%- endmacro %}

{#- Months counted through the years, so that the month before is one less. -#}
{% macro month_number(day) -%}
    cast(extract('year' from {{ day }}) * 12 + extract('month' from {{ day }}) as integer)
{%- endmacro %}
