{#- The accounts of rpt_account_360 added up in four ways. Accounts without a group stand under "(none)": a tier is given to scored accounts
    only. -#}
{%- set groupings = ['segment', 'value_tier', 'lifecycle_stage', 'rfm_segment'] -%}
with accounts as (

    select * from {{ ref('rpt_account_360') }}

),

grouped as (

    {% for grouping in groupings -%}
    select
        '{{ grouping }}' as grouping_name,
        coalesce({{ grouping }}, '(none)') as group_name,
        as_of_date,
        expected_value,
        expected_purchases,
        p_alive,
        churn_score,
        upgrade_score,
        expected_loss,
        total_spend
    from accounts
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

summed as (

    select
        grouping_name,
        group_name,
        as_of_date,
        count(*) as n_accounts,
        count(expected_value) as n_scored,
        sum(expected_value) as expected_value,
        avg(expected_value) as mean_expected_value,
        avg(expected_purchases) as mean_expected_purchases,
        avg(p_alive) as mean_p_alive,
        avg(churn_score) as mean_churn_score,
        avg(upgrade_score) as mean_upgrade_score,
        sum(expected_loss) as expected_loss,
        sum(total_spend) as total_spend
    from grouped
    group by grouping_name, group_name, as_of_date

)

select
    cast(grouping_name as varchar) as grouping_name,
    cast(group_name as varchar) as group_name,
    as_of_date,
    cast(n_accounts as bigint) as n_accounts,
    cast(n_accounts as double) / sum(n_accounts) over (partition by grouping_name) as account_share,
    cast(n_scored as bigint) as n_scored,
    expected_value,
    expected_value / nullif(sum(expected_value) over (partition by grouping_name), 0) as value_share,
    mean_expected_value,
    mean_expected_purchases,
    mean_p_alive,
    mean_churn_score,
    mean_upgrade_score,
    expected_loss,
    total_spend,
    total_spend / nullif(sum(total_spend) over (partition by grouping_name), 0) as spend_share
from summed
