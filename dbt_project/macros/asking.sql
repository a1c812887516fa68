{#- Macros that ask the warehouse what is there before SQL is written; sqlfluff has stand-ins for these (tests/dbt/sqlfluff_stubs).
    Add a question whose answer changes the SQL, not its result. Keep out: what a config says (values.sql). -#}

{#- Whether Python has written any file of that kind: `pattern` starts in the company's state folder. -#}
{% macro has_files(pattern) -%}
    {%- if not execute -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set files = env_var('CLV_STATE_DIR', '.') ~ '/' ~ pattern -%}
    {{ return(run_query("select count(*) from glob('" ~ files ~ "')").columns[0].values()[0] > 0) }}
{%- endmacro %}

{#- Whether any row of a raw table has a value in that column, or may get one: an empty table says nothing. Models leave out what only such
    values need. -#}
{% macro has_values(table, column) -%}
    {%- if not execute -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set rows = source('raw', table) -%}
    {%- set found = "exists(select 1 from " ~ rows ~ " where " ~ adapter.quote(column) ~ " is not null)" -%}
    {{ return(run_query("select " ~ found ~ " or not exists(select 1 from " ~ rows ~ ")").columns[0].values()[0]) }}
{%- endmacro %}
