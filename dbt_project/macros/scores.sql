{#- The files that Python writes, each kind with one row of typed nulls (the reader drops it): before the first scoring there is no file,
    which DuckDB refuses to read, and files of older versions lack columns. -#}

{#- `columns`: name to type. -#}
{% macro files_of(relation, pattern, columns) -%}
    {%- if has_files(pattern) %}
    select * from {{ relation }}
    union all by name
    {%- endif %}
    select
        {%- for name, type in columns.items() %}
        cast(null as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
{%- endmacro %}

{% macro score_files() -%}
    {{ files_of(source('scores', 'target_scores'), 'scores/*/history/*.parquet', {
        'target': 'varchar', 'account_id': 'varchar', 'as_of_date': 'date', 'score': 'double', 'raw_score': 'double', 'score_rank': 'bigint',
        'score_percentile': 'double', 'reasons': 'varchar', 'reasons_up': 'varchar', 'reasons_down': 'varchar', 'chance_words': 'varchar',
        'model_id': 'varchar', 'cutoff': 'varchar', 'is_champion': 'boolean', 'scored_at': 'timestamp',
    }) }}
{%- endmacro %}

{% macro value_score_files() -%}
    {{ files_of(source('scores', 'value_scores'), 'scores_value/*/history/*.parquet', value_score_columns()) }}
{%- endmacro %}

{% macro segment_files() -%}
    {{ files_of(source('scores', 'segments'), 'segments/history/*.parquet', {
        'account_id': 'varchar', 'as_of_date': 'date', 'segment': 'varchar', 'segment_number': 'bigint', 'model_id': 'varchar',
        'cutoff': 'varchar',
    }) }}
{%- endmacro %}

{#- Whether a list is the one that counts of those of its target and date. Code or config may change between two runs of one cutoff, and
    then both models were champions when they scored: the list written last took the other's place. Lists of older versions don't say when
    they were written; among them the greater model id counts. The same rule in Python is `evaluation.value_outcomes`. -#}
{% macro is_list_in_force() -%}
    dense_rank() over (
        partition by target, as_of_date
        order by
            is_champion desc nulls last, cutoff desc nulls last, scored_at desc nulls last, model_id desc
    ) = 1
{%- endmacro %}

{#- The newest scores of the targets of one kind. -#}
{% macro target_scores_of(kind) -%}
with scores as (

    select * from {{ ref('rpt_target_scores') }}

)

select
    target,
    account_id,
    as_of_date,
    score,
    raw_score,
    score_rank,
    score_percentile,
    reasons,
    reasons_up,
    reasons_down,
    chance_words,
    happened_on,
    model_id,
    cutoff
from scores
where target_kind = {{ sql_text(kind) }}
{%- endmacro %}
