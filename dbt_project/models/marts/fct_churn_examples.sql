{%- set labels = targets_of('churn') | map(attribute='label') | list -%}
{{ wide_table('is_eligible_churn', labels | length > 0, ref('lbl_accounts__churn'), labels) }}
