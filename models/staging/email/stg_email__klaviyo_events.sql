-- Klaviyo's events, one row each, out of the envelope of its webhooks and the interface's answer.
with

posted as (
    select
        *,
        {{ json_element('payload', 'data', '0') }} is not null as is_list
    from {{ ref('stg_email__posted') }}
    where provider = 'klaviyo'
),

placed as (
    select
        *,
        {{ json_positions('payload', 'data') }} as place
    from posted
    where is_list
),

elements as (
    select
        *,
        {{ json_element('payload', 'data', 'place') }} as element
    from placed
),

unwrapped as (
    select
        provider,
        element as payload,
        element as raw_payload,
        received_at
    from elements

    union all

    select
        provider,
        payload,
        raw_payload,
        received_at
    from posted
    where not is_list
),

-- A webhook holds what the interface answers; an export has events alone.
answers as (
    select
        *,
        coalesce({{ json_part('payload', 'payload') }}, payload) as answer
    from unwrapped
),

events as (
    select
        *,
        coalesce({{ json_part('answer', 'data') }}, answer) as event,
        -- The profile and the metric, in either order.
        {{ json_element('answer', 'included', '0') }} as first_included,
        {{ json_element('answer', 'included', '1') }} as second_included
    from answers
)

select
    provider,
    payload,
    raw_payload,
    event,
    coalesce({{ json_part('event', 'attributes') }}, event) as attributes,
    coalesce(
        {{ json_text('payload', 'topic') }},
        {{ json_text('event', 'event_name') }},
        {{ json_text('event', 'metric', 'name') }},
        {{ json_text('first_included', 'attributes', 'name') }},
        {{ json_text('second_included', 'attributes', 'name') }}
    ) as metric,
    coalesce(
        {{ json_text('event', 'attributes', 'profile', 'email') }},
        {{ json_text('event', 'profile', 'email') }},
        {{ json_text('event', 'person', 'email') }},
        {{ json_text('first_included', 'attributes', 'email') }},
        {{ json_text('second_included', 'attributes', 'email') }}
    ) as profile_email,
    received_at
from events
