{#- Freshness without a clock: the newest row is at most so many days older than the end of the data. An empty table passes: it is
    absent. -#}
{% test reaches_observed_until(model, column_name, days) %}
select newest_at
from (select max({{ column_name }}) as newest_at from {{ model }}) as newest
where newest_at < {{ dbt.dateadd('day', -days, observed_until_at()) }}
{%- if not var('observed_until') %} and false{% endif %}
{% endtest %}
