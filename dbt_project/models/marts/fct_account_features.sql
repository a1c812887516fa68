{#- Filled only where no target has a table of its own: storing the wide join twice would double the time and the file. -#}
{%- set binary = targets_of('upgrade') + targets_of('churn') -%}
{{ wide_table('is_eligible_value', binary | length == 0) }}
