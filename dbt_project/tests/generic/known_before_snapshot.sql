{#- The boundary of time in the result: whatever a feature counts days from happened before the snapshot, so it is at least one day ago. -#}
{% test known_before_snapshot(model, columns) %}
select account_id, as_of_date, {{ columns | join(', ') }}
from {{ model }}
where {% for column in columns %}{{ 'or ' if not loop.first }}{{ column }} < 1 {% endfor %}
{% endtest %}
