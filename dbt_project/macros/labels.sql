{#- Whether leaving can be asked of an account: for one target, or for any of the company's. Who has no subscription can't end one, who was
    silent all along can't fall silent; a flat label is taken as it is. `subscriptions` and `activity` are the relations at snapshots. -#}
{% macro can_churn(target=none) -%}
    {%- set conditions = [] -%}
    {%- for one in ([target] if target else targets_of('churn')) -%}
        {%- if one['label_column'] or var('is_undated') -%}
            {%- do conditions.append('true') -%}
        {%- elif one['churn_means'] == 'silent' -%}
            {%- do conditions.append('coalesce(activity.' ~ adapter.quote('is_active_' ~ one['name']) ~ ', false)') -%}
        {%- else -%}
            {%- do conditions.append('coalesce(subscriptions.n_counted_subscriptions > 0, false)') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if conditions -%}
        {{ conditions | unique | join(' or ') }}
    {%- elif is_present('subscriptions') and not var('is_undated') -%}
        coalesce(subscriptions.n_counted_subscriptions > 0, false)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#- Whether a row of int_accounts__activity_days is of a kind that a target by silence listens for. -#}
{% macro is_activity_of(target, relation) -%}
    {{ relation }}.activity in (
        {%- for name in target['activity'] %}{{ sql_text(name) }}{{ ', ' if not loop.last }}{% endfor -%}
    )
{%- endmacro %}

{#- A ready-made label of a flat table: positive values are 1, blank is null (not usable), everything else 0. A number keeps its
    meaning as text: 1.0 is 1. -#}
{% macro flat_label(target) -%}
    {%- set value = "snapshots." ~ adapter.quote(target['label'] ~ '_value') -%}
    cast(case
        when {{ value }} is null or not ({{ is_mature(target['horizon_days']) }}) then null
        when regexp_replace({{ value }}, '[.]0+$', '') in (
            {% for text in target['positive_values'] %}{{ sql_text(text) }}{{ ', ' if not loop.last }}{% endfor %}
        ) then 1
        else 0
    end as integer)
{%- endmacro %}

{#- The horizon in days of the target that a column names; 0 for a target that isn't in the config any more. -#}
{% macro horizon_days_of(column, targets) -%}
    {%- if targets -%}
    (case {{ column }}
        {%- for target in targets %}
        when {{ sql_text(target['name']) }} then {{ target['horizon_days'] }}
        {%- endfor %}
        else 0
    end)
    {%- else -%}
    0
    {%- endif -%}
{%- endmacro %}
