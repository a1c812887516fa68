{#- The newest forecasts by a champion, for each value target. Two champions of one date: the one of the later cutoff, then the greater
    model id. -#}
with history as (

    select * from {{ ref('rpt_value_scores_history') }}

),

ordered as (

    select
        *,
        dense_rank() over (
            partition by target
            order by as_of_date desc nulls last, cutoff desc, model_id desc
        ) as age_rank
    from history
    where
        is_champion
        and {{ target_kind() }} = 'value'

)

select
    target,
    account_id,
    as_of_date,
    score,
    score_median,
    score_lo,
    score_hi,
    discounted_value,
    expected_purchases,
    expected_purchases_median,
    p_alive,
    score_rank,
    score_percentile,
    value_tier,
    reasons,
    reasons_up,
    reasons_down,
    model_id,
    cutoff,
    total_error
from ordered
where age_rank = 1
