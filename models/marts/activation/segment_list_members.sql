-- One row per segment, whatever it is for, and person in it who can be reached and is not
-- suppressed.
with

members as (
    select * from {{ ref('segment_members') }}
),

stays as (
    select * from {{ ref('segment_membership_history') }}
    where exited_at is null
),

profiles as (
    select
        *,
        case when {{ is_email_address('email') }} then email end as list_email
    from {{ ref('profiles') }}
    where not is_shared_device
),

consents as (
    select
        keys.profile_id,
        consents.has_ad_consent
    from {{ ref('int_profile_consents') }} as consents
    inner join {{ ref('int_profiles') }} as keys on consents.profile_key = keys.profile_key
),

suppressed as (
    select distinct profile_id from {{ ref('profile_suppressions') }}
)

select
    -- ids
    members.segment,
    members.profile_id,
    profiles.list_email as email,
    profiles.phone,

    -- strings
    profiles.first_name,
    profiles.last_name,
    members.goal,

    -- booleans
    members.is_addressable,
    -- Silence is no consent, unless none is asked for; a no always counts.
    coalesce(consents.has_ad_consent, {{ (not var('ad_consent_required')) | lower }})
        as has_ad_consent,

    -- timestamps
    stays.entered_at,
    members.as_of

from members
inner join profiles on members.profile_id = profiles.profile_id
inner join stays on members.segment = stays.segment and members.profile_id = stays.profile_id
left join consents on members.profile_id = consents.profile_id
left join suppressed on members.profile_id = suppressed.profile_id
where
    suppressed.profile_id is null
    and coalesce(profiles.list_email, profiles.phone) is not null
