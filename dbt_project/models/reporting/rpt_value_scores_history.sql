with scores as (

    {{ value_score_files() }}

)

select
    {%- for name, type in value_score_columns().items() %}
    cast({{ name }} as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from scores
where account_id is not null
