{#- Labels that reviewers proposed for single rows. Labels of the example marts stay what the data say: which corrections a model may know
    depends on its cutoff, so they are put in its training rows in Python (clv_platform/datasets/corrections.py). -#}
{%- set targets = targets_of('upgrade') + targets_of('churn') -%}
{%- set relations = {'upgrade': ref('lbl_accounts__upgrade'), 'churn': ref('lbl_accounts__churn')} -%}
with feedback as (

    select * from {{ ref('stg_raw__review_feedback') }}

),

labels as (

    {% for target in targets %}
    select
        account_id,
        as_of_date,
        {{ sql_text(target['name']) }} as target,
        {{ adapter.quote(target['label']) }} as recorded_label
    from {{ relations[target['kind']] }}
    union all
    {% endfor %}
    select
        cast(null as {{ dbt.type_string() }}) as account_id,
        cast(null as date) as as_of_date,
        cast(null as {{ dbt.type_string() }}) as target,
        cast(null as integer) as recorded_label
    where false

),

proposed as (

    select
        feedback.feedback_id,
        feedback.target,
        feedback.account_id,
        feedback.as_of_date,
        feedback.scope,
        feedback.proposed_label,
        feedback.taken_up_at,
        {{ outcome_of('feedback.proposed_label', 'feedback.target', targets) }} as corrected_label,
        labels.recorded_label,
        labels.account_id is not null as has_snapshot
    from feedback
    left join labels on feedback.target = labels.target and {{ same_snapshot('labels', 'feedback') }}
    where feedback.proposed_label is not null

)

select
    feedback_id,
    target,
    account_id,
    as_of_date,
    proposed_label,
    cast(corrected_label as integer) as corrected_label,
    cast(recorded_label as integer) as recorded_label,
    taken_up_at,
    case
        when target is null or not ({{ is_one_of('target', targets) }}) then 'other_target'
        when scope <> 'row' or account_id is null then 'not_about_a_row'
        when corrected_label is null then 'unknown_label'
        when not has_snapshot then 'unknown_account'
        when recorded_label is null then 'no_outcome'
        when taken_up_at is null then 'not_taken_up'
        else 'counts'
    end as status
from proposed
