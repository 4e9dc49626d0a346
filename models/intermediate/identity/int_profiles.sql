-- One row per person: the key that stands for them inside, the id that stands for them outside, and
-- their best identifier of each type.
with

identifiers as (
    select
        clusters.*,
        internals.node_key is not null as is_internal
    from {{ ref('int_identity_clusters') }} as clusters
    left join {{ ref('int_identifiers_internal') }} as internals
        on clusters.node_key = internals.node_key
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_key, identifier_type
            order by
                last_seen_at desc nulls last,
                -- Seen last at the same time: the CRM's word counts.
                case when is_crm then 0 else 1 end,
                observation_count desc,
                identifier_value
        ) as recency
    from identifiers
),

summarized as (
    select
        profile_key,
        max(
            case
                when node_key = profile_key
                    then {{ profile_id('identifier_type', 'identifier_value') }}
            end
        ) as profile_id,
        {% for type in ['user_id', 'email', 'phone', 'crm_contact_id'] %}
        max(case when identifier_type = '{{ type }}' and recency = 1 then identifier_value end)
            as {{ type }},
        {% endfor %}
        count(*) as identifier_count,
        {% for type in ['user_id', 'email', 'phone', 'crm_contact_id', 'anonymous_id'] %}
        count(case when identifier_type = '{{ type }}' then 1 end) as {{ type }}_count,
        {% endfor %}
        {{ dbt.bool_or('is_internal') }} as is_internal,
        count(suppression_reason) as suppressed_count,
        count(
            case
                when
                    suppression_reason in ('hub', 'shared_identifier')
                    and identifier_type in ('anonymous_id', 'phone')
                    then 1
            end
        ) as shared_device_count,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from ranked
    group by profile_key
)

select
    -- ids
    profile_key,
    profile_id,
    user_id,
    email,
    phone,
    crm_contact_id,

    -- numbers
    identifier_count,
    user_id_count,
    email_count,
    phone_count,
    crm_contact_id_count,
    anonymous_id_count,

    -- booleans
    coalesce(user_id, email, phone, crm_contact_id) is not null as is_identified,
    shared_device_count = identifier_count as is_shared_device,
    suppressed_count > 0 as has_suppressed_identifiers,
    is_internal,

    -- timestamps
    first_seen_at,
    last_seen_at

from summarized
