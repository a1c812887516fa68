with segments as (

    {{ segment_files() }}

)

select
    cast(account_id as varchar) as account_id,
    cast(as_of_date as date) as as_of_date,
    cast(segment as varchar) as segment,
    cast(segment_number as bigint) as segment_number,
    cast(model_id as varchar) as model_id,
    cast(cutoff as varchar) as cutoff
from segments
where account_id is not null
