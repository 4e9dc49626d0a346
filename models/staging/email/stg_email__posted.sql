-- One row per event that a webhook brings: a body that is an array, or holds one, is taken apart.
-- A table, because the model of every provider reads it.
{{ config(materialized='table') }}
with

webhooks as (
    select * from {{ ref('stg_email__webhooks') }}
),

listed as (
    select
        *,
        case
            -- Nothing but blanks may stand before the bracket.
            when {{ regex_matches('payload', '^[^{"a-z0-9-]*[[]') }}
                then {{ dbt.concat(["'{\"events\":'", 'payload', "'}'"]) }}
            when
                provider in ('mailtrap', 'braze')
                and {{ json_text('payload', 'event') }} is null
                and {{ json_text('payload', 'event_type') }} is null
                and payload like '%"events"%'
                then payload
        end as event_list
    from webhooks
),

placed as (
    select
        listed.*,
        {{ json_positions('event_list', 'events') }} as place
    from listed
    where event_list is not null
),

elements as (
    select
        provider,
        {{ json_element('event_list', 'events', 'place') }} as payload,
        received_at
    from placed
)

select
    provider,
    payload,
    raw_payload,
    received_at
from listed
where event_list is null

union all

select
    provider,
    payload,
    payload as raw_payload,
    received_at
from elements
