{#- Each list of value forecasts as a whole, beside what the same accounts then brought. -#}
{%- set targets = targets_of('value') -%}
with history as (

    select * from {{ ref('rpt_value_scores_history') }}
    where as_of_date is not null and is_in_force

),

examples as (

    select * from {{ ref('fct_value_examples') }}

),

outcomes as (
    {% for target in targets %}
    select
        {{ sql_text(target['name']) }} as target,
        account_id,
        as_of_date,
        {{ adapter.quote(target['label']) }} as outcome
    from examples
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        '' as target,
        account_id,
        as_of_date,
        cast(null as double) as outcome
    from examples
    where false
    {% endfor %}
)

select
    history.target,
    history.as_of_date,
    history.cutoff,
    history.model_id,
    history.is_champion as is_given_out,
    count(*) as n_accounts,
    sum(history.score) as expected_value,
    avg(history.score) as mean_expected_value,
    sum(history.discounted_value) as discounted_value,
    sum(case when history.score_percentile > 0.9 then history.score end) / nullif(sum(history.score), 0) as top10_share,
    cast({{ dbt.dateadd('day', horizon_days_of('history.target', targets), 'history.as_of_date') }} as date) as known_from_date,
    cast(case when count(outcomes.outcome) = count(*) then sum(outcomes.outcome) end as double) as realised_value
from history
left join outcomes
    on
        history.target = outcomes.target
        and history.account_id = outcomes.account_id
        and history.as_of_date = outcomes.as_of_date
group by history.target, history.as_of_date, history.cutoff, history.model_id, history.is_champion
