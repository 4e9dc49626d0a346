-- One row per identifier, void ones aside, with when and how often it was seen up to as_of.
with

listed as (
    select
        *,
        min(first_loaded_at) over (
            partition by identifier_type, identifier_value
        ) as identifier_loaded_at
    from {{ ref('int_identifiers_listed') }}
    where not is_void
)

select
    -- ids
    identifier_type,
    identifier_value,

    -- numbers
    cast(sum(observation_count) as bigint) as observation_count,

    -- booleans
    {{ dbt.bool_or('is_crm') }} as is_crm,

    -- timestamps
    min(first_seen_at) as first_seen_at,
    max(last_seen_at) as last_seen_at,
    min(first_loaded_at) as first_loaded_at,
    min(case when first_loaded_at = identifier_loaded_at then first_load_seen_at end)
        as first_load_seen_at

from listed
group by identifier_type, identifier_value
