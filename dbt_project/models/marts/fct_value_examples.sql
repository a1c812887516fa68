{%- set labels = [] -%}
{%- for target in targets_of('value') -%}
    {%- for window in target['windows'] -%}
        {%- do labels.extend([window['label'], window['purchases']]) -%}
    {%- endfor -%}
{%- endfor -%}
{{ wide_table('is_eligible_value', labels | length > 0, ref('lbl_accounts__value'), labels) }}
