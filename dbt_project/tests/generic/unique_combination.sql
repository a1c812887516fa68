{#- No two rows share the values of these columns; with `is_required`, none of them is null. -#}
{% test unique_combination(model, columns, is_required=false) %}
select {{ columns | join(', ') }}, count(*) as n_rows
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{%- if is_required %}{% for column in columns %} or {{ column }} is null{% endfor %}{% endif %}
{% endtest %}
