-- One row per identifier that was ever seen, with the integer that stands for it (macro node_key)
-- and with what decides whether it names its person (macro naming_order). It is memory: what was
-- once named stays readable when nobody sees it any more.
{{
    config(
        materialized='incremental',
        incremental_strategy=by_key(),
        unique_key='node_key',
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
        cast(0 as bigint) as node_key,
        identifier_type,
        identifier_value,
        false as is_displaced,
        first_loaded_at,
        first_load_seen_at,
        {{ as_of() }} as registered_at
    from identifiers
    where false
    {% endif %}
),

-- New ones, and known ones of which an older file turned up: what was known of an identifier first
-- counts, in whatever order it came.
learned as (
    select
        identifiers.identifier_type,
        identifiers.identifier_value,
        identifiers.first_loaded_at,
        identifiers.first_load_seen_at,
        known.node_key as known_key,
        known.is_displaced as was_displaced,
        known.registered_at
    from identifiers
    left join known
        on
            identifiers.identifier_type = known.identifier_type
            and identifiers.identifier_value = known.identifier_value
    where
        known.node_key is null
        or {{ names_before('identifiers', 'known') }}
),

hashed as (
    select
        *,
        {{ node_key('identifier_type', 'identifier_value') }} as hash_key
    from learned
),

settled as (
    select
        hashed.*,
        coalesce(
            hashed.was_displaced,
            taken.node_key is not null
            or row_number() over (
                partition by hashed.hash_key, hashed.known_key
                order by {{ naming_order('hashed') }}
            ) > 1
        ) as is_displaced
    from hashed
    left join known as taken on hashed.hash_key = taken.node_key
)

select
    -- ids
    case
        when known_key is not null then known_key
        when is_displaced
            then {{ node_key('identifier_type', 'identifier_value', attempt=1) }}
        else hash_key
    end as node_key,
    identifier_type,
    identifier_value,

    -- booleans
    is_displaced,

    -- timestamps
    first_loaded_at,
    first_load_seen_at,
    coalesce(registered_at, {{ as_of() }}) as registered_at

from settled
