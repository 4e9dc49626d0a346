-- One row per event that any enabled source delivered, in one shape; nothing is left out yet.
{{ config(materialized='view') }}

{% for source in sources_with('events') %}
select
    -- ids
    '{{ source }}' as source,
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
    properties,
    quarantine_reason,

    -- numbers
    value,

    -- booleans
    is_machine,

    -- timestamps
    occurred_at,
    loaded_at

from {{ ref('stg_' ~ source ~ '__events') }}
{{ 'union all' if not loop.last }}
{% endfor %}
