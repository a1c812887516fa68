with usage as (

    select * from {{ ref('feat_accounts__usage') }}

),

support as (

    select * from {{ ref('feat_accounts__support') }}

)

select
    usage.account_id,
    usage.as_of_date
    {%- for pair in var('interactions') %},
    {{ interaction_amount(pair['numerator']) }} / (1 + {{ interaction_amount(pair['denominator']) }})
        as {{ adapter.quote(pair['numerator'] ~ '_per_' ~ pair['denominator'] ~ '_3m') }}
    {%- endfor %}
from usage
inner join support on {{ same_snapshot('support', 'usage') }}
