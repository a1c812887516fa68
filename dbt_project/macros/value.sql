{#- What an account is worth, as SQL: revenue and margin. -#}

{#- What a row of int_orders__days is worth to a value target. A margin is the amount less its cost; of amounts without a known cost it is
    the share that the config gives. -#}
{% macro value_of_day(target, relation) -%}
    {%- if target['value_means'] == 'margin' -%}
    coalesce({{ relation }}.costed_amount, 0) - coalesce({{ relation }}.cost, 0)
    + {{ target['margin_share'] }} * cast({{ relation }}.amount - coalesce({{ relation }}.costed_amount, 0) as double)
    {%- else -%}
    {{ relation }}.amount
    {%- endif -%}
{%- endmacro %}
