-- One row per usable event as rules and people see it, and one more per arrival: a page viewed
-- through a campaign's link or an ad. It is no page view and no part of a visit; rules tell its
-- meaning by its object: &utm_source=google&utm_medium=cpc&. A table, since eight models read it.
with

events as (
    select * from {{ ref('int_events_spelled') }}
),

-- The id of a click is of one click: whoever comes back to the address did not click again.
arrivals as (
    select
        *,
        row_number() over (
            partition by
                coalesce(anonymous_id, device_id, user_id, email, phone), click_id, click_id_value,
                case when click_id_value is null then source end,
                case when click_id_value is null then event_id end
            order by occurred_at, source, event_id
        ) as use_rank,
        lag(occurred_at) over (
            partition by
                coalesce(anonymous_id, device_id, user_id, email, phone),
                page_path,
                {{ campaign_parameters() | join(', ') }},
                click_id_value
            order by occurred_at, source, event_id
        ) as previous_at
    from events
    where
        event_name = 'page_viewed'
        and page_url is not null
        and coalesce({{ campaign_parameters() | join(', ') }}, click_id_value) is not null
)

select
    -- ids
    source,
    event_id,
    anonymous_id,
    device_id,
    user_id,
    email,
    phone,
    crm_contact_id,
    object_id,

    -- strings
    event_name,
    page_url,
    page_path,
    referrer,
    link_url,
    object_type,
    currency,
    properties,
    user_agent,
    {{ campaign_parameters() | join(',\n    ') }},

    -- numbers
    value,

    -- booleans
    is_machine,
    false as is_arrival,

    -- timestamps
    occurred_at,
    loaded_at

from events

union all

select
    source,
    {{ dbt.concat(['event_id', "'#campaign'"]) }} as event_id,
    anonymous_id,
    device_id,
    user_id,
    email,
    phone,
    crm_contact_id,
    {{ dbt.concat(["'&'"] + campaign_texts()) }} as object_id,
    'campaign_arrived' as event_name,
    {{ null_columns(['page_url']) }},
    page_path,
    referrer,
    {{ null_columns(['link_url']) }},
    'campaign' as object_type,
    {{ null_columns(['currency', 'properties']) }},
    user_agent,
    {{ campaign_parameters() | join(',\n    ') }},
    {{ null_columns(['value'], type_double()) }},
    is_machine,
    true as is_arrival,
    occurred_at,
    loaded_at
from arrivals
where use_rank = 1 and not {{ is_reload('previous_at', 'occurred_at') }}
