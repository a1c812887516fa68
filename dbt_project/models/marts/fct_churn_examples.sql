{%- set targets = targets_of('churn') -%}
{%- set labels = targets | map(attribute='label') | list -%}
{%- set eligible = [] -%}
{%- for target in targets if is_churn_mixed() -%}
    {%- do eligible.append('is_eligible_' ~ target['name']) -%}
{%- endfor -%}
{{ wide_table('is_eligible_churn', labels | length > 0, ref('lbl_accounts__churn'), labels + eligible) }}
