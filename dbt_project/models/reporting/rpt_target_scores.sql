{#- The newest scores by a champion, for each target; of two champions of one date those of the list in force. -#}
with history as (

    select * from {{ ref('rpt_scores_history') }}

),

ordered as (

    select
        *,
        dense_rank() over (partition by target order by as_of_date desc nulls last) as age_rank
    from history
    where
        is_champion
        and is_in_force
        and {{ target_kind() }} in ('upgrade', 'churn')

)

select
    target,
    {{ target_kind() }} as target_kind,
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
    happened_on,
    model_id,
    cutoff
from ordered
where age_rank = 1
