{#- The score files that Python writes. Before the first scoring there is none, and DuckDB refuses to read no file: then no row, but
    typed. -#}

{% macro score_files() -%}
    {%- set relation = source('scores', 'target_scores') -%}
    {%- if has_score_files() -%}
    select * from {{ relation }}
    {%- else -%}
    select
        cast(null as varchar) as target,
        cast(null as varchar) as account_id,
        cast(null as date) as as_of_date,
        cast(null as double) as score,
        cast(null as double) as raw_score,
        cast(null as bigint) as score_rank,
        cast(null as double) as score_percentile,
        cast(null as varchar) as reasons,
        cast(null as varchar) as model_id,
        cast(null as varchar) as cutoff,
        cast(null as boolean) as is_champion
    {%- endif -%}
{%- endmacro %}
