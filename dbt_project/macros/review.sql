{#- What reviewers propose, as the warehouse understands it. -#}

{#- Whether a column holds the name of one of these targets. -#}
{% macro is_one_of(column, targets) -%}
    {%- if targets -%}
    {{ column }} in ({% for target in targets %}{{ sql_text(target['name']) }}{{ ', ' if not loop.last }}{% endfor %})
    {%- else -%}
    false
    {%- endif -%}
{%- endmacro %}

{#- A label in people's words as 1 or 0: the outcomes as published frames call them, and what means yes or no anywhere; else null. -#}
{% macro outcome_of(words, column, targets) -%}
    case
        when {{ column }} is null then null
        {%- for target in targets if target.get('outcomes') %}
        when {{ column }} = {{ sql_text(target['name']) }} and lower({{ words }}) = {{ sql_text(target['outcomes'][1] | lower) }} then 1
        when {{ column }} = {{ sql_text(target['name']) }} and lower({{ words }}) = {{ sql_text(target['outcomes'][0] | lower) }} then 0
        {%- endfor %}
        else cast({{ text_as_boolean(words) }} as integer)
    end
{%- endmacro %}
