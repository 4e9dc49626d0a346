-- One row per identifier that was ever seen, with the integer that stands for it (macro node_key)
-- and with what decides whether it names its person (macro naming_order). It is memory: what was
-- once named stays readable when nobody sees it any more.
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
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

arrived as (
    select identifiers.*
    from identifiers
    left join known
        on
            identifiers.identifier_type = known.identifier_type
            and identifiers.identifier_value = known.identifier_value
    where known.node_key is null
),

hashed as (
    select
        *,
        {{ node_key('identifier_type', 'identifier_value') }} as hash_key
    from arrived
),

settled as (
    select
        hashed.*,
        taken.node_key is not null
        or row_number() over (
            partition by hashed.hash_key order by {{ naming_order('hashed') }}
        ) > 1 as is_displaced
    from hashed
    left join known as taken on hashed.hash_key = taken.node_key
),

-- Older files may turn up later: what was known of an identifier first counts, in whatever order
-- it came.
antedated as (
    select
        known.node_key,
        identifiers.identifier_type,
        identifiers.identifier_value,
        known.is_displaced,
        identifiers.first_loaded_at,
        identifiers.first_load_seen_at,
        known.registered_at
    from identifiers
    inner join known
        on
            identifiers.identifier_type = known.identifier_type
            and identifiers.identifier_value = known.identifier_value
    where ({{ naming_order('identifiers') }}) < ({{ naming_order('known') }})
)

select
    -- ids
    case
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
    {{ as_of() }} as registered_at

from settled

union all

select
    node_key,
    identifier_type,
    identifier_value,
    is_displaced,
    first_loaded_at,
    first_load_seen_at,
    registered_at

from antedated
