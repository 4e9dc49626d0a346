-- One row per person, known by name or not.
with

profiles as (
    select * from {{ ref('int_profiles') }}
),

details as (
    select * from {{ ref('int_profile_details') }}
),

addresses as (
    select * from {{ ref('int_profile_addresses') }}
)

select
    -- ids
    profiles.profile_id,
    profiles.user_id,
    addresses.email,
    profiles.phone,
    profiles.crm_contact_id,

    -- strings
    details.first_name,
    details.last_name,
    details.company_name,
    details.job_title,
    details.crm_lifecycle_stage,

    -- numbers
    profiles.identifier_count,
    profiles.user_id_count,
    profiles.email_count,
    profiles.phone_count,
    profiles.crm_contact_id_count,
    profiles.anonymous_id_count,

    -- booleans
    profiles.is_identified,
    profiles.is_shared_device,
    profiles.has_suppressed_identifiers,
    profiles.is_internal,

    -- timestamps
    profiles.first_seen_at,
    profiles.last_seen_at

from profiles
left join details on profiles.profile_key = details.profile_key
left join addresses on profiles.profile_key = addresses.profile_key
