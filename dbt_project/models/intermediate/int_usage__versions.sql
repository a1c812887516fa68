{{ config(materialized='view') }}
{#- A month as it was known at its end (`__known_0`, what lag 1 sees), one month later (what lag 2 sees) and so on; from the last version
    on, later rows are seen by int_usage__late_snapshots alone. -#}
with months as (

    select * from {{ ref('int_usage__months') }}

)

select
    account_id,
    month_end_date
    {%- for metric in var('usage_metrics') %}
    {%- for late in range(usage_versions() | int) %},
    {{ usage_value(metric, 'n_months_late <= ' ~ late) }} as {{ usage_version(metric, late) }}
    {%- endfor %}
    {%- endfor %}
from months
where n_months_late < {{ usage_versions() }}
group by account_id, month_end_date
