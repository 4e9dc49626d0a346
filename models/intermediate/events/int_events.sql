-- One row per usable event. Of several copies of one (source, event_id) the earliest load wins.
{{ config(
    materialized='incremental', incremental_strategy=by_key(), on_schema_change='fail',
    unique_key=['source', 'event_id']) }}

with

checked as (
    select * from {{ ref('int_events_checked') }}
    where quarantine_reason is null
),

{% if is_incremental() %}
known as (
    select * from {{ this }}
),

watermarks as (
    select
        source,
        max(loaded_at) - interval '{{ var("event_overlap_days", 3) }}' day as reread_from
    from known
    where has_load_time
    group by source
),

arrived as (
    select checked.*
    from checked
    left join watermarks on checked.source = watermarks.source
    left join known on checked.source = known.source and checked.event_id = known.event_id
    where
        -- Without a load time only the key tells what is new, however old its file.
        (
            not checked.has_load_time or watermarks.reread_from is null
            or checked.loaded_at >= watermarks.reread_from
        )
        and (
            known.event_id is null
            -- A copy that was loaded before the one we kept takes its place.
            or (checked.has_load_time and checked.loaded_at < known.loaded_at)
        )
        -- What a CRM's tables say together, they say now.
        or {{ is_crm_source('checked.source') }}
),
{% else %}
arrived as (
    select * from checked
),
{% endif %}

ranked as (
    select
        *,
        row_number() over (
            partition by source, event_id order by {{ sorted_by([
                'loaded_at', 'occurred_at', 'event_name', 'properties', 'user_id', 'email', 'phone',
                'anonymous_id', 'device_id', 'crm_contact_id', 'page_path', 'object_id',
                'link_url', 'value',
            ]) }}
        ) as load_rank
    from arrived
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
    user_agent,
    object_type,
    currency,
    {{ json_or_null('properties') }} as properties,

    -- numbers
    value,

    -- booleans
    is_machine,
    has_load_time,

    -- timestamps
    occurred_at,
    loaded_at

from ranked
where load_rank = 1
