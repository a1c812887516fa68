{#- A snapshot row speaks of the moment before its date, so it is used at exactly that date; recorded later, it wasn't known yet. -#}
with spine as (

    select * from {{ ref('int_accounts__spine') }}

),

snapshots as (

    select * from {{ ref('stg_raw__account_snapshots') }}

)

select
    spine.account_id,
    spine.as_of_date
    {%- for name in var('snapshot_columns') %},
    snapshots.{{ adapter.quote(name) }}
    {%- endfor %}
from spine
left join snapshots
    on
        {{ same_snapshot('snapshots') }}
        {%- if not var('is_undated') %}
        and (snapshots.recorded_at is null or {{ known_before('snapshots', column='recorded_at') }})
        {%- endif %}
