{%- set labels = targets_of('upgrade') | map(attribute='label') | list -%}
{{ wide_table('is_eligible_upgrade', labels | length > 0, ref('lbl_accounts__upgrade'), labels) }}
