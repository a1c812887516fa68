{#- Python's "not a number" is no number: it would make every sum and mean over it undefined. -#}
with scores as (

    {{ value_score_files() }}

)

select
    {%- for name, type in value_score_columns().items() %}
    {% if type == 'double' -%}
    {{ finite_or_null('cast(' ~ name ~ ' as double)') }} as {{ name }}
    {%- else -%}
    cast({{ name }} as {{ type }}) as {{ name }}
    {%- endif -%}
    {{- ',' }}
    {%- endfor %}
    {{ is_list_in_force() }} as is_in_force
from scores
where account_id is not null
