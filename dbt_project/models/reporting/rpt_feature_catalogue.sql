with catalogue as (

    select * from {{ source('catalogue', 'feature_catalogue') }}

)

select
    cast(name as varchar) as feature_name,
    cast("group" as varchar) as feature_group,
    cast(label as varchar) as label,
    cast(meaning as varchar) as meaning,
    cast("window" as varchar) as time_window,
    cast(unit as varchar) as unit,
    cast(source as varchar) as source_name,
    cast(type as varchar) as feature_type,
    cast(model as varchar) as model_name,
    cast(is_point_in_time as boolean) as is_point_in_time,
    cast(sql as varchar) as expression
from catalogue
