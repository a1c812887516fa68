{#- The score files that Python writes, and one row of typed nulls (the reader drops it): before the first scoring there is no file, which
    DuckDB refuses to read, and files of older versions lack columns. -#}

{% macro score_files() -%}
    {%- set relation = source('scores', 'target_scores') -%}
    {%- if has_score_files() %}
    select * from {{ relation }}
    union all by name
    {%- endif %}
    select
        cast(null as varchar) as target,
        cast(null as varchar) as account_id,
        cast(null as date) as as_of_date,
        cast(null as double) as score,
        cast(null as double) as raw_score,
        cast(null as bigint) as score_rank,
        cast(null as double) as score_percentile,
        cast(null as varchar) as reasons,
        cast(null as varchar) as reasons_up,
        cast(null as varchar) as reasons_down,
        cast(null as varchar) as chance_words,
        cast(null as varchar) as model_id,
        cast(null as varchar) as cutoff,
        cast(null as boolean) as is_champion
{%- endmacro %}
