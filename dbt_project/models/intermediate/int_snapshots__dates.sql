{#- The dates of the spine: listed ones, the monthly grid, or one undated moment at the end of the data. -#}
with first_seen as (

    select * from {{ ref('int_accounts__first_seen') }}

),

{% if var('is_undated') -%}
dates as (

    select
        cast(null as date) as as_of_date,
        {{ observed_until_at() }} as as_of_at,
        cast({{ dbt.date_trunc('month', observed_until_at()) }} as date) as month_end_date

)
{%- else -%}
grid as (

    select {{ generate_months('first_month', 'last_month', 'as_of_date') }}
    from (
        select
            {{ dbt.dateadd('month', 1, dbt.date_trunc('month', 'min(records_begin_at)')) }} as first_month,
            {{ observed_until_at() if var('observed_until') else 'cast(null as timestamp)' }} as last_month
        from first_seen
    ) as bounds
    where {{ 'true' if var('has_monthly_grid') and var('observed_until') else 'false' }}

),

listed as (

    {% for day in var('snapshot_dates') -%}
    select cast('{{ day }}' as date) as as_of_date
    union
    {% endfor -%}
    select as_of_date from grid

),

dates as (

    select
        as_of_date,
        cast(as_of_date as {{ dbt.type_timestamp() }}) as as_of_at,
        as_of_date as month_end_date
    from listed
    where
        cast(as_of_date as {{ dbt.type_timestamp() }}) <= {{ observed_until_at() }}
        {%- if var('snapshot_first') %}
        and as_of_date >= cast('{{ var("snapshot_first") }}' as date)
        {%- endif %}

)
{%- endif %}

select
    as_of_date,
    as_of_at,
    month_end_date
from dates
