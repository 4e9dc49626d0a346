-- One row per identifier that was ever seen, numbered in the order in which we learned of them. The
-- smallest number among a person's identifiers names the person, so rows are only ever added:
-- numbers, and with them profile ids, survive merges, splits and full refreshes. Load times come
-- first, because a late event about the distant past must not rename anybody, and because one big
-- build then numbers as many small ones did.
{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        unique_key='node_seq',
        full_refresh=false,
        on_schema_change='fail',
    )
}}

with

identifiers as (
    select * from {{ ref('int_identifiers_summarized') }}
),

known as (
    {% if is_incremental() %}
    select * from {{ this }}
    {% else %}
    select
        cast(0 as bigint) as node_seq,
        identifier_type,
        identifier_value
    from identifiers
    where false
    {% endif %}
),

latest as (
    select coalesce(max(node_seq), 0) as node_seq from known
),

arrived as (
    select identifiers.*
    from identifiers
    left join known
        on
            identifiers.identifier_type = known.identifier_type
            and identifiers.identifier_value = known.identifier_value
    where known.node_seq is null
)

select
    -- ids
    latest.node_seq + row_number() over (
        order by
            arrived.first_loaded_at,
            -- What a later load tells of an earlier sight would depend on when we build.
            arrived.first_load_seen_at,
            arrived.identifier_type,
            arrived.identifier_value
    ) as node_seq,
    arrived.identifier_type,
    arrived.identifier_value,

    -- timestamps
    arrived.first_seen_at,
    {{ as_of() }} as registered_at

from arrived
cross join latest
