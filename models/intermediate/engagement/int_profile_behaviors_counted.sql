-- One row per profile: how often each counted behavior (var counted_behaviors) happened in its
-- windows, and when the behaviors that other traits need happened last. The one pass over events.
with

events as (
    select * from {{ ref('int_events_resolved') }}
)

select
    -- ids
    profile_id,

    -- numbers
    {% for behavior, windows in var('counted_behaviors').items() %}
    {% for days in windows %}
    count(
        case
            when behavior = '{{ behavior }}' and {{ within_days('occurred_at', days) }} then 1
        end
    ) as {{ behavior }}_count_{{ days }}d,
    {% endfor %}
    {% endfor %}
    count(distinct case when behavior = 'order_completed' then coalesce(object_id, event_id) end)
        as order_count,

    -- timestamps
    min(occurred_at) as first_event_at,
    max(case when is_engagement then occurred_at end) as last_engaged_at,
    max(case when behavior = 'cart_item_added' then occurred_at end) as last_cart_item_added_at,
    max(case when behavior = 'order_completed' then occurred_at end) as last_order_at,
    max(case when behavior = 'deal_won' then occurred_at end) as last_deal_won_at,
    max(case when behavior in ('demo_requested', 'trial_started') then occurred_at end)
        as last_conversion_at

from events
group by profile_id
