{#- The declared key of a raw table is unique and, its required columns, not null; without a declared key each row has its
    file and row number. -#}
{% test declared_key(model, table) %}
{%- set columns = var('source_keys').get(table) or ['_source_file', '_source_row'] %}
select {{ columns | join(', ') }}, count(*) as n_rows
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
