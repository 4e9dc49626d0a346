-- One row per audience (a segment that goes to ads) and person in it who agreed to be shown ads.
with

memberships as (
    select * from {{ ref('segment_members') }}
    where
        ';' || destinations || ';' like '%;ads;%'
        -- An audience of goal exclude tells the platform whom to leave out.
        and (is_addressable or goal = 'exclude')
),

profiles as (
    select * from {{ ref('profiles') }}
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
),

reachable as (
    select
        *,
        case when {{ is_email_address('email') }} then email end as ad_email
    from profiles
)

select
    -- ids
    memberships.segment as audience,
    memberships.profile_id,
    reachable.ad_email as email,
    reachable.phone,

    -- strings
    reachable.first_name,
    reachable.last_name,
    memberships.goal,

    -- timestamps
    memberships.as_of

from memberships
inner join reachable on memberships.profile_id = reachable.profile_id
left join consents on memberships.profile_id = consents.profile_id
left join suppressed on memberships.profile_id = suppressed.profile_id
where
    suppressed.profile_id is null
    and coalesce(reachable.ad_email, reachable.phone) is not null
    -- Silence is no consent, unless none is asked for; a no always counts.
    and coalesce(consents.has_ad_consent, {{ (not var('ad_consent_required')) | lower }})
