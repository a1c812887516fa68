{#- Whose event has happened since the snapshot is left out, and the next of the list move up: score_rank keeps its gaps. -#}
with scores as (

    select * from {{ ref('rpt_target_scores') }}

),

listed as (

    select
        *,
        row_number() over (partition by target order by score_rank, account_id) as list_rank
    from scores
    where happened_on is null

),

accounts as (

    select * from {{ ref('dim_accounts') }}

)

select
    listed.target,
    case listed.target_kind when 'churn' then 'save first' else 'call first' end as purpose,
    listed.score_rank,
    listed.account_id,
    listed.as_of_date,
    listed.score,
    listed.score_percentile,
    listed.reasons,
    listed.reasons_up,
    listed.reasons_down,
    listed.chance_words,
    accounts.product,
    accounts.territory,
    accounts.country,
    accounts.industry,
    accounts.employee_range,
    accounts.channel,
    accounts.signed_up_at,
    listed.model_id,
    listed.cutoff
from listed
left join accounts on listed.account_id = accounts.account_id
where listed.list_rank <= {{ var('call_list_size') }}
order by listed.target, listed.score_rank, listed.account_id
