-- No profile has more identifiers of a type than a person may have. Identifiers that are declared
-- one count as one and may go beyond any limit, so profiles that hold a declared edge are left out.
-- A row is a profile with too many identifiers of a type.
with

counted as (
    select
        profile_key,
        identifier_type,
        -- User ids that are addresses are limited by themselves.
        case
            when identifier_type = 'user_id' and {{ is_email_address('identifier_value') }}
                then '*@*'
            else ''
        end as pattern,
        count(*) as identifier_count
    from {{ ref('int_identity_clusters') }}
    group by profile_key, identifier_type, pattern
),

declared as (
    select distinct clusters.profile_key
    from {{ ref('int_identity_edges_screened') }} as edges
    inner join {{ ref('int_identity_clusters') }} as clusters on edges.low_key = clusters.node_key
    where edges.is_declared
)

select counted.*

from counted
inner join {{ ref('identity_rules') }} as limits
    on
        limits.kind = 'limit'
        and counted.identifier_type = limits.identifier_type
        and counted.pattern = coalesce(limits.pattern, '')
        and counted.identifier_count > limits.threshold
left join declared on counted.profile_key = declared.profile_key
where declared.profile_key is null
