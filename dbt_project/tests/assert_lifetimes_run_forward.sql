-- Survival curves need start <= entry < end <= end of the data: an account that is seen after it left, or leaves after the data end, would
-- be counted as somebody who stays.
select
    target,
    account_id,
    spell_number
from {{ ref('fct_account_lifetimes') }}
where
    entered_at < started_at
    or ended_at <= entered_at
    or ended_at > observed_until_at
    or entered_at >= observed_until_at
