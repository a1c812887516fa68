with scores as (

    {{ score_files() }}

)

select
    cast(target as varchar) as target,
    cast(account_id as varchar) as account_id,
    cast(as_of_date as date) as as_of_date,
    cast(score as double) as score,
    cast(raw_score as double) as raw_score,
    cast(score_rank as bigint) as score_rank,
    cast(score_percentile as double) as score_percentile,
    cast(reasons as varchar) as reasons,
    cast(reasons_up as varchar) as reasons_up,
    cast(reasons_down as varchar) as reasons_down,
    cast(chance_words as varchar) as chance_words,
    cast(model_id as varchar) as model_id,
    cast(cutoff as varchar) as cutoff,
    cast(is_champion as boolean) as is_champion
from scores
where account_id is not null
