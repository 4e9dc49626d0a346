-- One row per profile that said whether it agrees to be shown ads: the latest answer that any
-- source knows, and of several at one instant the no.
with

people as (
    select * from {{ ref('int_people_identified') }}
    where has_ad_consent is not null and ad_consent_stated_at <= {{ as_of() }}
),

identifiers as (
    select * from {{ ref('int_identity_clusters') }}
),

ranked as (
    select
        identifiers.profile_key,
        people.has_ad_consent,
        people.ad_consent_stated_at,
        row_number() over (
            partition by identifiers.profile_key
            order by
                people.ad_consent_stated_at desc nulls last,
                case when people.has_ad_consent then 1 else 0 end
        ) as answer_rank
    from people
    inner join identifiers on people.node_key = identifiers.node_key
)

select
    profile_key,
    has_ad_consent,
    ad_consent_stated_at

from ranked
where answer_rank = 1
