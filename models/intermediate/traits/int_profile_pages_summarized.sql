-- One row per profile that looked at product pages lately: how long.
with

web_events as (
    select * from {{ ref('int_web_events_sequenced') }}
    where
        behavior = 'product_page_viewed'
        and occurred_at > {{ as_of() }} - interval '7' day
)

select
    profile_key,
    -- Rounded, because the last digits of a sum depend on the order in which it was added up.
    {{ round_to('sum(seconds_on_page)', 6) }} as product_page_seconds_7d

from web_events
group by profile_key
