-- One row per identifier with the profile it points at.
--
-- An identifier belongs to the user id it was last seen with; without one, to the user id of the
-- e-mail address it was last seen with, or to that address; without either, it stands alone.
with

linked as (
    select * from {{ ref('int_identifiers_linked') }}
),

anchored as (
    select
        linked.*,
        case
            when linked.identifier_type = 'user_id' then linked.identifier_value
            else coalesce(linked.linked_user_id, emails.linked_user_id)
        end as anchor_user_id,
        emails.identifier_value as anchor_email
    from linked
    left join linked as emails
        on
            emails.identifier_type = 'email'
            and linked.linked_email = emails.identifier_value
),

anchors as (
    select
        *,
        case
            when anchor_user_id is not null then 'user_id'
            when anchor_email is not null then 'email'
            else identifier_type
        end as anchor_type,
        coalesce(anchor_user_id, anchor_email, identifier_value) as anchor_value
    from anchored
)

select
    -- ids
    identifier_type,
    identifier_value,
    {{ dbt.hash(dbt.concat([
        "'" ~ var('identity_salt') ~ "|'", 'anchor_type', "'|'", 'anchor_value',
    ])) }} as profile_id,

    -- numbers
    cast(observation_count as bigint) as observation_count,

    -- booleans
    identifier_type = anchor_type and identifier_value = anchor_value as is_anchor,

    -- timestamps
    first_seen_at,
    last_seen_at

from anchors
