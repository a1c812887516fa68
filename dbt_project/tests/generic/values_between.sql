{#- Every value of these columns lies in a closed range; nulls pass. -#}
{% test values_between(model, columns, minimum=none, maximum=none) %}
select {{ columns | join(', ') }}
from {{ model }}
where false
{%- for column in columns %}
    {%- if minimum is not none %} or {{ column }} < {{ minimum }}{% endif %}
    {%- if maximum is not none %} or {{ column }} > {{ maximum }}{% endif %}
{%- endfor %}
{% endtest %}
