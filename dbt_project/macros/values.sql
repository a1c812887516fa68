{#- Macros that give values, not SQL, or ask the adapter; sqlfluff has stand-ins for these (tests/dbt/sqlfluff_stubs). -#}

{% macro is_present(table) -%}
    {{ return(table in var('present_tables')) }}
{%- endmacro %}

{#- The features that one model computes, in catalogue order. -#}
{% macro features_of(model) -%}
    {{ return(var('features') | selectattr('model', 'equalto', model) | list) }}
{%- endmacro %}

{% macro targets_of(kind) -%}
    {{ return(var('targets') | selectattr('kind', 'equalto', kind) | list) }}
{%- endmacro %}

{#- Churn targets by what they mean: 'ended' subscriptions, or accounts gone 'silent'; those with a label column are neither. -#}
{% macro churn_targets(means) -%}
    {{ return(targets_of('churn') | rejectattr('label_column') | selectattr('churn_means', 'equalto', means) | list) }}
{%- endmacro %}

{% macro silent_targets() -%}
    {{ return(churn_targets('silent')) }}
{%- endmacro %}

{#- Whether a company's churn targets mean different things: then an account can be eligible for one and not for the other. -#}
{% macro is_churn_mixed() -%}
    {%- set targets = targets_of('churn') -%}
    {%- set flat = targets | selectattr('label_column') | list -%}
    {{ return(targets | length > [flat | length, churn_targets('ended') | length, silent_targets() | length] | max) }}
{%- endmacro %}

{#- Whether a kind's targets are read from label columns only, so that subscriptions don't decide who is eligible. -#}
{% macro is_flat(kind) -%}
    {%- set targets = targets_of(kind) -%}
    {{ return(targets | length > 0 and targets | rejectattr('label_column') | list | length == 0) }}
{%- endmacro %}

{% macro sql_type_of(type) -%}
    {{ return({'number': 'double', 'boolean': 'boolean', 'category': 'varchar'}[type]) }}
{%- endmacro %}

{% macro feature_models() -%}
    {{ return(['profile', 'account_columns', 'billing', 'rfm', 'usage', 'support', 'web', 'engagement', 'interactions', 'snapshot']) }}
{%- endmacro %}

{#- Columns of the value scores that Python writes, in the order of tables. -#}
{% macro value_score_columns() -%}
    {{ return({
        'target': 'varchar', 'account_id': 'varchar', 'as_of_date': 'date', 'score': 'double', 'score_median': 'double', 'score_lo': 'double',
        'score_hi': 'double', 'discounted_value': 'double', 'expected_purchases': 'double', 'expected_purchases_median': 'double',
        'p_alive': 'double', 'score_rank': 'bigint', 'score_percentile': 'double', 'value_tier': 'varchar', 'reasons': 'varchar',
        'reasons_up': 'varchar', 'reasons_down': 'varchar', 'model_id': 'varchar', 'cutoff': 'varchar', 'is_champion': 'boolean',
        'total_error': 'double', 'scored_at': 'timestamp',
    }) }}
{%- endmacro %}

{#- The value target that tables with one value per account show: the first of the config. -#}
{% macro first_target(kind) -%}
    {{ return((targets_of(kind) | map(attribute='name') | list + [''])[0]) }}
{%- endmacro %}

{#- One row per month from one date to another, both inclusive, as the column `name`. -#}
{% macro generate_months(first_date, last_date, name) -%}
    {{ return(adapter.dispatch('generate_months')(first_date, last_date, name)) }}
{%- endmacro %}

{% macro default__generate_months(first_date, last_date, name) -%}
    cast(unnest(
        generate_series(cast({{ first_date }} as timestamp), cast({{ last_date }} as timestamp), interval 1 month)
    ) as date) as {{ name }}
{%- endmacro %}

{#- A whole number of eight bytes that is the same for equal values, missing ones among them. -#}
{% macro row_hash(columns) -%}
    {{ return(adapter.dispatch('row_hash')(columns)) }}
{%- endmacro %}

{% macro default__row_hash(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

{#- One of 4,096 places, the same for equal values. Sorted by it, equal values lie near each other, for half the cost. -#}
{% macro hash_bucket(columns) -%}
    {{ return(adapter.dispatch('hash_bucket')(columns)) }}
{%- endmacro %}

{% macro default__hash_bucket(columns) -%}
    cast({{ row_hash(columns) }} >> 52 as smallint)
{%- endmacro %}

{#- All values of a group as a list, missing ones among them. Lists collected in one GROUP BY have the same order. -#}
{% macro collect_list(expression) -%}
    {{ return(adapter.dispatch('collect_list')(expression)) }}
{%- endmacro %}

{% macro default__collect_list(expression) -%}
    array_agg({{ expression }})
{%- endmacro %}

{#- The first place of a value in a list, from 1; null or 0 where it isn't there. -#}
{% macro place_in_list(list, value) -%}
    {{ return(adapter.dispatch('place_in_list')(list, value)) }}
{%- endmacro %}

{% macro default__place_in_list(list, value) -%}
    list_position({{ list }}, {{ value }})
{%- endmacro %}

{#- What stands at a place of a list; null where the place is null or 0. -#}
{% macro item_of_list(list, place) -%}
    {{ return(adapter.dispatch('item_of_list')(list, place)) }}
{%- endmacro %}

{% macro default__item_of_list(list, place) -%}
    list_extract({{ list }}, {{ place }})
{%- endmacro %}

{#- One row per item of a list; a list that is empty or missing gives none. -#}
{% macro items_of_list(list) -%}
    {{ return(adapter.dispatch('items_of_list')(list)) }}
{%- endmacro %}

{% macro default__items_of_list(list) -%}
    unnest({{ list }})
{%- endmacro %}
