{#- Each list of value forecasts as a whole, beside what the same accounts then brought. -#}
{%- set targets = targets_of('value') -%}
with history as (

    select * from {{ ref('rpt_value_scores_history') }}
    where as_of_date is not null

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
),

ordered as (

    select
        *,
        dense_rank() over (
            partition by target, as_of_date
            order by is_champion desc, cutoff desc, model_id desc
        ) as list_rank
    from history

)

select
    ordered.target,
    ordered.as_of_date,
    ordered.cutoff,
    ordered.model_id,
    ordered.is_champion as is_given_out,
    count(*) as n_accounts,
    sum(ordered.score) as expected_value,
    avg(ordered.score) as mean_expected_value,
    sum(ordered.discounted_value) as discounted_value,
    sum(case when ordered.score_percentile > 0.9 then ordered.score end) / nullif(sum(ordered.score), 0) as top10_share,
    cast({{ dbt.dateadd('day', horizon_days_of('ordered.target', targets), 'ordered.as_of_date') }} as date) as known_from_date,
    cast(case when count(outcomes.outcome) = count(*) then sum(outcomes.outcome) end as double) as realised_value
from ordered
left join outcomes
    on
        ordered.target = outcomes.target
        and ordered.account_id = outcomes.account_id
        and ordered.as_of_date = outcomes.as_of_date
where ordered.list_rank = 1
group by ordered.target, ordered.as_of_date, ordered.cutoff, ordered.model_id, ordered.is_champion
