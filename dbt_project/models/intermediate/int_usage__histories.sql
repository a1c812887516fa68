{{ config(materialized='view') }}
{#- An account's months as lists: their numbers, and each metric's values in the same order, which is any order. Months stand in them as
    they were known three months after their end; what was known of late ones before stands in the lists that end in `__known_`. A lag is
    then a place in a list instead of a window over all rows, of which twelve months of seven metrics need 77. -#}
{%- set last_version = usage_versions() | int - 1 -%}
with months as (

    select * from {{ ref('int_usage__months') }}

),

versions as (

    select * from {{ ref('int_usage__versions') }}

),

settled as (

    select
        months.account_id,
        months.month_end_date
        {%- for metric, aggregate in var('usage_metrics').items() %},
        months.{{ adapter.quote(metric) }}
        {%- if aggregate == 'mean' %} / nullif(months.{{ adapter.quote(metric ~ '_n') }}, 0){% endif %} as {{ usage_settled(metric) }}
        {%- endfor %}
    from months
    left join versions
        on
            months.account_id = versions.account_id
            and months.month_end_date = versions.month_end_date
    where months.n_months_late = 0 and versions.account_id is null
    union all
    select
        account_id,
        month_end_date
        {%- for metric in var('usage_metrics') %},
        {{ usage_version(metric, last_version) }} as {{ usage_settled(metric) }}
        {%- endfor %}
    from versions

),

histories as (

    select
        account_id,
        extract('day' from month_end_date) as anchor_day,
        {{ collect_list(month_number('month_end_date')) }} as month_numbers
        {%- for metric in var('usage_metrics') %},
        {{ collect_list(usage_settled(metric)) }} as {{ usage_settled(metric) }}
        {%- endfor %}
    from settled
    group by 1, 2

),

late_histories as (

    select
        account_id,
        extract('day' from month_end_date) as anchor_day,
        {{ collect_list(month_number('month_end_date')) }} as late_month_numbers
        {%- for metric in var('usage_metrics') %}
        {%- for late in range(last_version) %},
        {{ collect_list(usage_version(metric, late)) }} as {{ usage_version(metric, late) }}
        {%- endfor %}
        {%- endfor %}
    from versions
    group by 1, 2

)

select
    histories.account_id,
    histories.anchor_day,
    histories.month_numbers,
    late_histories.late_month_numbers
    {%- for metric in var('usage_metrics') %},
    histories.{{ usage_settled(metric) }}
    {%- for late in range(last_version) %},
    late_histories.{{ usage_version(metric, late) }}
    {%- endfor %}
    {%- endfor %}
from histories
left join late_histories
    on
        histories.account_id = late_histories.account_id
        and histories.anchor_day = late_histories.anchor_day
