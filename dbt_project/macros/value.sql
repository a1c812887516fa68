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

{#- The stage of an account's life; the first that holds counts. `relation` has what fct_account_states has, beside p_alive and churn_score.
    P(alive) lowers a stage and never raises one: who bought once looks alive for ever to a BG/NBD model. It isn't asked of subscribers, who
    are alive by contract; of them the chance to leave is. -#}
{% macro lifecycle_stage(relation) -%}
    {%- set rules = var('lifecycle') -%}
    {%- set silent_days = 'coalesce(' ~ relation ~ '.days_since_last_purchase, ' ~ relation ~ '.tenure_days)' -%}
    case
        when {{ relation }}.has_left then 'lost'
        when
            not {{ relation }}.is_subscribed
            and ({{ silent_days }} > {{ rules['lost_days'] }} or {{ relation }}.p_alive < {{ rules['lost_alive'] }})
            then 'lost'
        when {{ relation }}.tenure_days <= {{ rules['acquire_days'] }} then 'acquire'
        when
            not {{ relation }}.is_subscribed
            and ({{ silent_days }} > {{ rules['at_risk_days'] }} or {{ relation }}.p_alive < {{ rules['at_risk_alive'] }})
            then 'at risk'
        when {{ relation }}.is_subscribed and {{ relation }}.churn_score > {{ rules['at_risk_churn'] }} then 'at risk'
        when
            {{ relation }}.tenure_days <= {{ rules['develop_days'] }} or {{ relation }}.n_purchases < {{ rules['develop_purchases'] }}
            then 'develop'
        else 'retain'
    end
{%- endmacro %}

{#- What a row of fct_account_days is worth to the target that a column names. -#}
{% macro worth_of_day(column, relation) -%}
    (case
        {%- for target in targets_of('value') if target['value_means'] == 'margin' %}
        when {{ column }} = {{ sql_text(target['name']) }} then coalesce({{ relation }}.margin, {{ target['margin_share'] }} * {{ relation }}.amount)
        {%- endfor %}
        when true then {{ relation }}.amount
    end)
{%- endmacro %}

{#- An amount as a share of another, kept within 0 and 1 where refunds turn it around; null where there is no amount to share. The condition
    and the COALESCE matter: LEAST and GREATEST pass over nulls, so that nothing of nothing would be 1. -#}
{% macro share_of(part, whole) -%}
    cast(case
        when {{ whole }} > 0 then greatest(least(cast(coalesce({{ part }}, 0) as double) / cast({{ whole }} as double), 1.0), 0.0)
    end as double)
{%- endmacro %}
