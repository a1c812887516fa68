{#- One row per account_id and as_of_date; no account is missing, and a date is missing only in undated companies. -#}
{% test snapshot_key(model) %}
select account_id, as_of_date, count(*) as n_rows
from {{ model }}
group by account_id, as_of_date
having count(*) > 1 or account_id is null
{%- if not var('is_undated') %} or as_of_date is null{% endif %}
{% endtest %}
