with scores as (

    select * from {{ ref('rpt_target_scores') }}

),

accounts as (

    select * from {{ ref('dim_accounts') }}

)

select
    scores.target,
    case scores.target_kind when 'churn' then 'save first' else 'call first' end as purpose,
    scores.score_rank,
    scores.account_id,
    scores.as_of_date,
    scores.score,
    scores.score_percentile,
    scores.reasons,
    scores.reasons_up,
    scores.reasons_down,
    scores.chance_words,
    accounts.product,
    accounts.territory,
    accounts.country,
    accounts.industry,
    accounts.employee_range,
    accounts.channel,
    accounts.signed_up_at,
    scores.model_id,
    scores.cutoff
from scores
left join accounts on scores.account_id = accounts.account_id
where scores.score_rank <= {{ var('call_list_size') }}
order by scores.target, scores.score_rank, scores.account_id
