with source as (

    select * from {{ source('raw', 'load_report') }}

)

select
    table_name,
    source as source_name,
    n_read,
    n_accepted,
    n_rejected,
    n_excluded
from source
