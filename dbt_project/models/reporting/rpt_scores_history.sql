{#- Every list of scores, with what had happened to its accounts by the time it was given out (`happened_on`): the scores stay, whoever
    hands a list on leaves those accounts out. -#}
with scores as (

    {{ score_files() }}

),

events as (

    select * from {{ ref('fct_target_events') }}

),

lists as (

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
        cast(is_champion as boolean) as is_champion,
        cast(scored_at as {{ dbt.type_timestamp() }}) as scored_at,
        {{ is_list_in_force() }} as is_in_force,
        -- A list without dates is of the cutoff "undated".
        case when cutoff like '____-__-__' then cast(cutoff as {{ dbt.type_timestamp() }}) end as cutoff_at
    from scores
    where account_id is not null

),

keys as (

    select distinct
        target,
        account_id,
        as_of_date,
        cutoff,
        cutoff_at
    from lists

),

-- What was known when the list was given out, and no more.
happened as (

    select
        keys.target,
        keys.account_id,
        keys.as_of_date,
        keys.cutoff,
        min(events.happened_at) as happened_at
    from keys
    inner join events
        on
            keys.target = events.target
            and keys.account_id = events.account_id
            and keys.as_of_date = events.as_of_date
            and events.happened_at < keys.cutoff_at
            and (events.undone_at is null or events.undone_at >= keys.cutoff_at)
    group by keys.target, keys.account_id, keys.as_of_date, keys.cutoff

)

select
    lists.target,
    lists.account_id,
    lists.as_of_date,
    lists.score,
    lists.raw_score,
    lists.score_rank,
    lists.score_percentile,
    lists.reasons,
    lists.reasons_up,
    lists.reasons_down,
    lists.chance_words,
    lists.model_id,
    lists.cutoff,
    lists.is_champion,
    lists.scored_at,
    lists.is_in_force,
    cast(happened.happened_at as date) as happened_on
from lists
left join happened
    on
        lists.target = happened.target
        and lists.account_id = happened.account_id
        and lists.as_of_date = happened.as_of_date
        and lists.cutoff = happened.cutoff
