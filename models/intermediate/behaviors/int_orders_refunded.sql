-- One row per person and order of which something was given back up to as_of: how much, and whether
-- that is all of it. Numbers of orders tell apart the orders of one person, not those of everybody.
with

events as (
    select * from {{ ref('int_events_identified') }}
    where occurred_at <= {{ as_of() }} and object_id is not null
),

identifiers as (
    select * from {{ ref('int_identity_clusters') }}
),

kinds as (
    select distinct
        source,
        event_name,
        behavior
    from {{ ref('int_event_kinds_classified') }}
    where behavior in ('order_completed', 'order_cancelled', 'order_refunded')
),

order_events as (
    select
        identifiers.profile_key,
        events.object_id as order_id,
        kinds.behavior = 'order_completed' as is_order,
        kinds.behavior = 'order_cancelled' as is_cancelled,
        events.value
    from events
    inner join kinds
        on events.source = kinds.source and events.event_name = kinds.event_name
    inner join identifiers on events.node_key = identifiers.node_key
),

summed as (
    select
        profile_key,
        order_id,
        max(case when is_order then value end) as order_amount,
        -- A sum of fractions depends on the order in which an engine adds them.
        {{ round_to('sum(case when is_order then 0 else coalesce(abs(value), 0) end)', 4) }}
            as refunded_amount,
        -- Whoever does not say how much was given back means everything.
        max(case when not is_order and value is null then 1 else 0 end) = 1 as is_without_amount,
        max(case when is_cancelled then 1 else 0 end) = 1 as is_cancelled
    from order_events
    group by profile_key, order_id
    having max(case when not is_order then 1 else 0 end) = 1
)

select
    -- ids
    profile_key,
    order_id,

    -- numbers
    refunded_amount,

    -- booleans
    is_without_amount
    or case
        when order_amount is null then is_cancelled
        -- Half a cent is rounding. Nothing given back takes back no order that was free.
        else
            refunded_amount >= order_amount - 0.005
            and (refunded_amount > 0 or is_cancelled)
    end as is_taken_back

from summed
