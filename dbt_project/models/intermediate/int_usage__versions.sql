{{ config(materialized='view') }}
{#- A month as it was known at its end (`__first`, what lag 1 sees) and one month later (`__second`, what lags 2 to 12 see). -#}
with months as (

    select * from {{ ref('int_usage__months') }}

)

select
    account_id,
    month_end_date
    {%- for metric in var('usage_metrics') %},
    {{ usage_value(metric, 'n_months_late = 0') }} as {{ adapter.quote(metric ~ '__first') }},
    {{ usage_value(metric, 'n_months_late <= 1') }} as {{ adapter.quote(metric ~ '__second') }}
    {%- endfor %}
from months
where n_months_late <= 1
group by account_id, month_end_date
