-- One row per delivered event that cannot be used, as it came, with the reason; and one per row of
-- a raw file that cannot be read at all, with its place. Whether an identifier is void is for the
-- identity rules to say, so events that carry no other are set aside here.
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
    where identifier_type is null and not is_arrival
),

rejected as (
    select * from {{ ref('int_rows_rejected') }}
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
    {{ null_columns(['table_name', 'file', 'row_text']) }},

    -- numbers
    {{ null_columns(['line_number'], dbt.type_bigint()) }},

    -- timestamps
    occurred_at,
    loaded_at

from {{ set_aside }}
union all
{% endfor %}
select
    -- ids
    source,
    {{ null_columns(['event_id', 'anonymous_id', 'device_id', 'crm_contact_id', 'user_id']) }},
    {{ null_columns(['email', 'phone', 'object_id']) }},

    -- strings
    quarantine_reason,
    {{ null_columns(['event_name', 'page_url', 'object_type', 'properties']) }},
    table_name,
    file,
    row_text,

    -- numbers
    line_number,

    -- timestamps
    {{ null_columns(['occurred_at', 'loaded_at'], 'timestamp') }}

from rejected
