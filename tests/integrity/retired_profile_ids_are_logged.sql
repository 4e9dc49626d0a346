-- Whoever kept an old profile id finds out what became of it: every identifier that once named a
-- profile and names none now is in the log of merges, and leads on from profile_aliases.
-- A row is a profile id that leads nowhere.
with

retired as (
    select distinct history.profile_key
    from {{ ref('int_identity_clusters_history') }} as history
    left join {{ ref('int_identity_clusters') }} as clusters
        on history.profile_key = clusters.profile_key
    where history.profile_key is not null and clusters.profile_key is null
),

named as (
    select {{ profile_id('nodes.identifier_type', 'nodes.identifier_value') }} as profile_id
    from retired
    inner join {{ ref('int_identity_nodes') }} as nodes on retired.profile_key = nodes.node_key
),

logged as (
    select distinct loser_profile_id from {{ ref('profile_merges') }}
    where change <> 'split'
),

aliases as (
    select * from {{ ref('profile_aliases') }}
)

select named.profile_id

from named
left join logged on named.profile_id = logged.loser_profile_id
left join aliases on named.profile_id = aliases.retired_profile_id
where logged.loser_profile_id is null or aliases.retired_profile_id is null
