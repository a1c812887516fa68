{#- Days on which campaigns touched accounts, or left them out on purpose as a control. -#}
with contacts as (

    select * from {{ ref('stg_raw__campaign_contacts') }}

)

select
    account_id,
    cast(contacted_at as date) as contacted_on,
    coalesce(is_control, false) as is_control,
    cast(count(*) as bigint) as n_contacts,
    cast(sum(cost) as double) as cost
from contacts
where contacted_at is not null
group by account_id, cast(contacted_at as date), coalesce(is_control, false)
