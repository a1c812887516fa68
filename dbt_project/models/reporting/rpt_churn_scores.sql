with scores as (

    select * from {{ ref('rpt_target_scores') }}

)

select
    target,
    account_id,
    as_of_date,
    score,
    raw_score,
    score_rank,
    score_percentile,
    reasons,
    reasons_up,
    reasons_down,
    chance_words,
    model_id,
    cutoff
from scores
where target_kind = 'churn'
