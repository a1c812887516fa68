{#- Who moved from one segment, or one value tier, to another between two snapshots that follow each other. Segments are compared only where
    the same model gave both. Of two lists of one date the one in force counts. -#}
with segments as (

    select * from {{ ref('rpt_segments_history') }}
    where as_of_date is not null

),

forecasts as (

    select * from {{ ref('rpt_value_scores_history') }}
    where target = {{ sql_text(first_target('value')) }} and as_of_date is not null and is_in_force

),

lists as (

    select
        'segment' as grouping_name,
        account_id,
        as_of_date,
        segment as group_name,
        model_id as family,
        dense_rank() over (partition by as_of_date order by cutoff desc, model_id desc) as list_rank
    from segments
    union all
    select
        'value_tier' as grouping_name,
        account_id,
        as_of_date,
        value_tier as group_name,
        '' as family,
        1 as list_rank
    from forecasts

),

members as (

    select
        grouping_name,
        account_id,
        as_of_date,
        group_name,
        family
    from lists
    where list_rank = 1

),

dates as (

    select
        grouping_name,
        family,
        as_of_date,
        lag(as_of_date) over (partition by grouping_name, family order by as_of_date) as previous_date
    from members
    group by grouping_name, family, as_of_date

),

pairs as (

    select * from dates
    where previous_date is not null

),

befores as (

    select
        pairs.grouping_name,
        pairs.as_of_date,
        pairs.previous_date,
        members.account_id,
        members.group_name
    from pairs
    inner join members
        on pairs.grouping_name = members.grouping_name and pairs.family = members.family and pairs.previous_date = members.as_of_date

),

afters as (

    select
        pairs.grouping_name,
        pairs.as_of_date,
        pairs.previous_date,
        members.account_id,
        members.group_name
    from pairs
    inner join members
        on
            pairs.grouping_name = members.grouping_name
            and pairs.family = members.family
            and pairs.as_of_date = members.as_of_date

),

moves as (

    select
        coalesce(afters.grouping_name, befores.grouping_name) as grouping_name,
        coalesce(afters.as_of_date, befores.as_of_date) as as_of_date,
        coalesce(afters.previous_date, befores.previous_date) as previous_date,
        coalesce(befores.group_name, '(new)') as from_group,
        coalesce(afters.group_name, '(no longer there)') as to_group
    from befores
    full outer join afters
        on
            befores.grouping_name = afters.grouping_name
            and befores.as_of_date = afters.as_of_date
            and befores.account_id = afters.account_id

)

select
    cast(grouping_name as varchar) as grouping_name,
    as_of_date,
    previous_date,
    cast(from_group as varchar) as from_group,
    cast(to_group as varchar) as to_group,
    count(*) as n_accounts,
    cast(count(*) as double) / sum(count(*)) over (partition by grouping_name, as_of_date, from_group) as share_of_from
from moves
group by grouping_name, as_of_date, previous_date, from_group, to_group
