{#- Recency, frequency and money from 1 to 5 among the accounts of a snapshot. Accounts that are alike get the same score, so the fifths are
    as even as the data allow: of equally recent buyers all get the best score of the place they share, of equally frequent or equally
    good ones the lowest (half of all customers bought once; none of them is frequent). -#}
with spine as (

    select * from {{ ref('int_accounts__spine') }}

),

purchases as (

    select * from {{ ref('int_purchases__at_snapshots') }}

),

buyers as (

    select
        spine.account_id,
        spine.as_of_date,
        purchases.n_purchases,
        purchases.last_purchase_on,
        purchases.total_spend
    from spine
    inner join purchases on {{ same_snapshot('purchases') }}
    where spine.is_eligible_value and purchases.n_purchases > 0

),

placed as (

    select
        account_id,
        as_of_date,
        n_purchases,
        cume_dist() over (partition by as_of_date order by last_purchase_on) as recency_place,
        percent_rank() over (partition by as_of_date order by n_purchases) as frequency_place,
        percent_rank() over (partition by as_of_date order by total_spend) as monetary_place
    from buyers

),

scored as (

    select
        account_id,
        as_of_date,
        n_purchases,
        cast(ceil(5 * recency_place) as integer) as recency_score,
        cast(least(floor(5 * frequency_place), 4) as integer) + 1 as frequency_score,
        cast(least(floor(5 * monetary_place), 4) as integer) + 1 as monetary_score
    from placed

)

select
    account_id,
    as_of_date,
    recency_score,
    frequency_score,
    monetary_score,
    cast(case
        when recency_score >= 4 and frequency_score + monetary_score >= 8 then 'champions'
        when recency_score >= 4 and n_purchases = 1 then 'new'
        when recency_score >= 3 and frequency_score + monetary_score >= 6 then 'loyal'
        when recency_score >= 3 and frequency_score + monetary_score >= 4 then 'potential loyalists'
        when recency_score >= 3 then 'promising'
        when frequency_score + monetary_score >= 6 then 'need attention'
        when recency_score = 2 then 'hibernating'
        else 'long dormant'
    end as varchar) as rfm_segment
from scored
