{{ config(materialized='view') }}
{#- Months of which some rows came late, as known at their end (`__known_0`, what lag 1 sees), one month later (what lag 2 sees) and so on;
    from the last version on, later rows are seen by int_usage__late_snapshots alone. Of other months all versions are the same, and most
    months are such: putting every month together again took four times as long. -#}
with months as (

    select * from {{ ref('int_usage__months') }}

),

late_months as (

    select distinct
        account_id,
        month_end_date
    from months
    where n_months_late between 1 and {{ usage_versions() | int - 1 }}

),

parts as (

    select months.*
    from months
    inner join late_months
        on
            months.account_id = late_months.account_id
            and months.month_end_date = late_months.month_end_date
    where months.n_months_late < {{ usage_versions() }}

)

select
    account_id,
    month_end_date
    {%- for metric in var('usage_metrics') %}
    {%- for late in range(usage_versions() | int) %},
    {{ usage_value(metric, 'n_months_late <= ' ~ late) }} as {{ usage_version(metric, late) }}
    {%- endfor %}
    {%- endfor %}
from parts
group by account_id, month_end_date
