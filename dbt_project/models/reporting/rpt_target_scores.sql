{#- The newest scores by a champion, for each target. Two champions of one date: the one of the later cutoff, then the
    greater model id. -#}
with history as (

    select * from {{ ref('rpt_scores_history') }}

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
