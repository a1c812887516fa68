with source as (

    select * from {{ source('raw', 'review_feedback') }}

)

select
    feedback_id,
    edition,
    frame as frame_slug,
    version as frame_version,
    scope,
    {{ clean_text('filters') }} as slice_filters,
    {{ clean_text('account_id') }} as account_id,
    {{ dbt.safe_cast('left(' ~ clean_text('as_of_date') ~ ', 10)', 'date') }} as as_of_date,
    row_number,
    {{ clean_text('target') }} as target,
    {{ clean_text('model_id') }} as model_id,
    verdict,
    {{ clean_text('comment') }} as comment_text,
    {{ clean_text('corrected_label') }} as proposed_label,
    author,
    state,
    {{ clean_text('answer') }} as answer_text,
    created_at,
    edited_at,
    edited_by,
    taken_up_at
from source
