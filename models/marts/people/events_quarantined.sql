-- One row per delivered event that cannot be used, as it came, with the reason. Whether an
-- identifier is void is for the identity rules to say, so events that carry no other are set aside
-- here.
with

checked as (
    select * from {{ ref('int_events_checked') }}
    where quarantine_reason is not null
),

unidentified as (
    select
        *,
        'no_identifier' as quarantine_reason
    from {{ ref('int_events_identified') }}
    where identifier_type is null
)

{% for set_aside in ['checked', 'unidentified'] %}
select
    -- ids
    source,
    event_id,
    anonymous_id,
    device_id,
    crm_contact_id,
    user_id,
    email,
    phone,
    object_id,

    -- strings
    quarantine_reason,
    event_name,
    page_url,
    object_type,
    properties,

    -- timestamps
    occurred_at,
    loaded_at

from {{ set_aside }}
{{ 'union all' if not loop.last }}
{% endfor %}
