{#- All that is known and expected of an account, at the newest snapshot that the first value target of the config has scores of; before
    there are any, at the newest snapshot there is. -#}
{%- set attributes = ['product', 'territory', 'country', 'industry', 'employee_range', 'channel'] -%}
with states as (

    select * from {{ ref('fct_account_states') }}

),

forecasts as (

    select * from {{ ref('rpt_value_scores') }}
    where target = {{ sql_text(first_target('value')) }}

),

snapshot as (

    select coalesce(
        (select max(as_of_date) from forecasts), (select max(as_of_date) from states)
    ) as as_of_date

),

rfm as (

    select * from {{ ref('fct_rfm_scores') }}

),

segments as (

    select
        *,
        row_number() over (partition by account_id, as_of_date order by cutoff desc, model_id desc) as list_rank
    from {{ ref('rpt_segments_history') }}

),

upgrades as (

    select * from {{ ref('rpt_upgrade_scores') }}
    where target = {{ sql_text(first_target('upgrade')) }}

),

churns as (

    select * from {{ ref('rpt_churn_scores') }}
    where target = {{ sql_text(first_target('churn')) }}

),

accounts as (

    select * from {{ ref('dim_accounts') }}

),

joined as (

    select
        states.*,
        forecasts.score,
        forecasts.score_median,
        forecasts.score_lo,
        forecasts.score_hi,
        forecasts.discounted_value,
        forecasts.expected_purchases,
        forecasts.p_alive,
        forecasts.value_tier,
        segments.segment,
        rfm.rfm_segment,
        upgrades.score as upgrade_score,
        churns.score as churn_score,
        upgrades.happened_on as upgraded_on,
        churns.happened_on as left_on
    from states
    inner join snapshot on {{ 'true' if var('is_undated') else 'states.as_of_date = snapshot.as_of_date' }}
    left join forecasts on {{ same_snapshot('forecasts', 'states') }}
    left join rfm on {{ same_snapshot('rfm', 'states') }}
    left join segments on {{ same_snapshot('segments', 'states') }} and segments.list_rank = 1
    left join upgrades on states.account_id = upgrades.account_id
    left join churns on states.account_id = churns.account_id

)

select
    joined.account_id,
    joined.as_of_date,
    cast({{ sql_text(first_target('value')) }} as varchar) as value_target,
    joined.score as expected_value,
    joined.score_median as expected_value_median,
    joined.score_lo as value_lo,
    joined.score_hi as value_hi,
    joined.discounted_value,
    joined.expected_purchases,
    joined.p_alive,
    joined.value_tier,
    joined.segment,
    joined.rfm_segment,
    cast({{ lifecycle_stage('joined') }} as varchar) as lifecycle_stage,
    joined.upgrade_score,
    joined.churn_score,
    -- GREATEST passes over nulls: without a forecast there is no loss to tell, not one of 0; who has left can't be lost any more.
    case
        when joined.score is not null and joined.left_on is null then joined.churn_score * greatest(joined.score, 0)
    end as expected_loss,
    joined.upgraded_on,
    joined.left_on,
    joined.tenure_days,
    joined.n_purchases,
    joined.total_spend,
    joined.days_since_last_purchase
    {%- for attribute in attributes %},
    accounts.{{ attribute }}
    {%- endfor %}
from joined
left join accounts on joined.account_id = accounts.account_id
