{#- The values that flat label columns really hold, so that a label with three values is caught before training. -#}
{%- set flat = var('targets') | selectattr('label_column') | list -%}
with snapshots as (

    select * from {{ ref('stg_raw__account_snapshots') }}

)

{% for target in flat -%}
select
    cast({{ sql_text(target['name']) }} as varchar) as target_name,
    {{ adapter.quote(target['label'] ~ '_value') }} as label_value,
    count(*) as n_rows
from snapshots
group by 2
{{ 'union all' if not loop.last }}
{% else -%}
select
    cast(null as varchar) as target_name,
    cast(null as varchar) as label_value,
    cast(null as bigint) as n_rows
from snapshots
where false
{%- endfor %}
