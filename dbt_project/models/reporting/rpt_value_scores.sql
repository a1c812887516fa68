{#- The newest forecasts by a champion, for each value target; of two champions of one date those of the list in force. -#}
with history as (

    select * from {{ ref('rpt_value_scores_history') }}

),

ordered as (

    select
        *,
        dense_rank() over (partition by target order by as_of_date desc nulls last) as age_rank
    from history
    where
        is_champion
        and is_in_force
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
