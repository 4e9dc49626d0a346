-- Everybody in an ad audience agreed, by the latest answer that is known; where none is asked for
-- (var ad_consent_required), nobody in it refused.
-- A row is a member of an audience who did not agree.
select
    audience_members.audience,
    audience_members.profile_id,
    consents.has_ad_consent

from {{ ref('ad_audience_members') }} as audience_members
inner join {{ ref('int_profiles') }} as profiles
    on audience_members.profile_id = profiles.profile_id
left join {{ ref('int_profile_consents') }} as consents
    on profiles.profile_key = consents.profile_key
where not coalesce(consents.has_ad_consent, {{ (not var('ad_consent_required')) | lower }})
