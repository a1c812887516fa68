{#- What an account brings from the snapshot on, and on how many days it buys: for each value target over its horizon and its shorter
    learning windows. Null: the window isn't over yet, or the question makes no sense for the account; 0: nothing came. -#}
{%- set targets = targets_of('value') -%}
with spine as (

    select * from {{ ref('int_accounts__spine') }}

),

days as (

    select * from {{ ref('int_orders__days') }}

),

future as (

    select
        spine.account_id,
        spine.as_of_date
        {%- for target in targets %}
        {%- for window in target['windows'] %},
        sum(case when {{ in_horizon('days.ordered_on', window['days']) }} then {{ value_of_day(target, 'days') }} end)
            as {{ adapter.quote(window['label']) }},
        sum(case when {{ in_horizon('days.ordered_on', window['days']) }} then days.n_purchases end)
            as {{ adapter.quote(window['purchases']) }}
        {%- endfor %}
        {%- endfor %}
    from spine
    inner join days
        on
            spine.account_id = days.account_id
            and {{ in_horizon('days.ordered_on', (targets | map(attribute='horizon_days') | list + [0]) | max) }}
    where spine.is_eligible_value and {{ 'true' if targets else 'false' }}
    group by spine.account_id, spine.as_of_date

)

select
    spine.account_id,
    spine.as_of_date
    {%- for target in targets %}
    {%- for window in target['windows'] %},
    case
        when {{ is_mature(window['days']) }} and spine.is_eligible_value
            then round(cast(coalesce(future.{{ adapter.quote(window['label']) }}, 0) as double), 6)
    end as {{ adapter.quote(window['label']) }},
    case
        when {{ is_mature(window['days']) }} and spine.is_eligible_value
            then cast(coalesce(future.{{ adapter.quote(window['purchases']) }}, 0) as double)
    end as {{ adapter.quote(window['purchases']) }}
    {%- endfor %}
    {%- endfor %}
from spine
left join future on {{ same_snapshot('future') }}
