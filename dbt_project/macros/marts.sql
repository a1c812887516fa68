{#- The wide tables: keys, every feature of the catalogue by name and type, then labels. Written once, used by each kind's mart. -#}

{#- `eligible`: the column of the spine that picks the rows; none: all of them. `is_filled`: false gives the same columns and no row. -#}
{% macro wide_table(eligible, is_filled, label_relation=none, labels=[]) -%}
{%- set features = var('features') -%}
{%- set direct = features | rejectattr('model', 'equalto', 'fct') | list -%}
{%- set derived = features | selectattr('model', 'equalto', 'fct') | list -%}
{%- set used = direct | map(attribute='model') | unique | list -%}
with spine as (

    select * from {{ ref('int_accounts__spine') }}

),
{% for name in feature_models() %}
{%- set relation = ref('feat_accounts__' ~ name) %}
{%- if 'feat_accounts__' ~ name in used %}
{{ name }} as (

    select * from {{ relation }}

),
{% endif %}
{%- endfor %}
{%- if labels %}
labels as (

    select * from {{ label_relation }}

),
{% endif %}
joined as (

    select
        spine.account_id,
        spine.as_of_date,
        {{ 'spine.' ~ eligible if eligible else 'true' }} as is_eligible
        {%- for feature in direct %}
        {%- set name = adapter.quote(feature['name']) %}
        {%- set column = (feature['model'] | replace('feat_accounts__', '')) ~ '.' ~ name %},
        cast({{ column }} as {{ sql_type_of(feature['type']) }}) as {{ name }}
        {%- endfor %}
        {%- for label in labels %},
        labels.{{ adapter.quote(label) }}
        {%- endfor %}
    from spine
    {%- for name in feature_models() if 'feat_accounts__' ~ name in used %}
    inner join {{ name }} on {{ same_snapshot(name) }}
    {%- endfor %}
    {%- if labels %}
    inner join labels on {{ same_snapshot('labels') }}
    {%- endif %}
    where {{ 'spine.' ~ eligible if eligible else 'true' }} and {{ 'true' if is_filled else 'false' }}

)

select
    account_id,
    as_of_date,
    is_eligible
    {%- for feature in features %},
    {% if feature['sql'] and feature['type'] == 'number' -%}
    {{ finite_or_null('cast(' ~ feature['sql'] ~ ' as double)') }} as {{ adapter.quote(feature['name']) }}
    {%- elif feature['sql'] -%}
    cast({{ feature['sql'] }} as {{ sql_type_of(feature['type']) }}) as {{ adapter.quote(feature['name']) }}
    {%- else -%}
    {{ adapter.quote(feature['name']) }}
    {%- endif %}
    {%- endfor %}
    {%- for label in labels %},
    {{ adapter.quote(label) }}
    {%- endfor %}
from joined
{%- endmacro %}
