-- Who is in sales_ready, since when, and what they did: a list to read before calling.
select
    profiles.first_name,
    profiles.last_name,
    profiles.company_name,
    profiles.email,
    stays.entered_at,
    traits.{{ times('pricing_page_viewed', within_days=30) }},
    traits.consecutive_emails_opened,
    round(traits.engagement_score, 1) as engagement_score

from {{ ref('segment_membership_history') }} as stays
inner join {{ ref('profiles') }} as profiles on stays.profile_id = profiles.profile_id
inner join {{ ref('profile_traits') }} as traits on stays.profile_id = traits.profile_id
where
    stays.segment = 'sales_ready'
    and stays.exited_at is null
order by traits.engagement_score desc
