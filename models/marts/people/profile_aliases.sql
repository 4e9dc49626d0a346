-- One row per retired profile id with the profile that its person has now.
with

history as (
    select * from {{ ref('int_identity_clusters_history') }}
),

clusters as (
    select * from {{ ref('int_identity_clusters') }}
),

nodes as (
    select * from {{ ref('int_identity_nodes') }}
),

living as (
    select distinct profile_key from clusters
),

-- Every belief about an identifier of a profile that is no more, those that it ended with first:
-- what had left it before leads to somebody else. The identifier that named the profile speaks for
-- it as long as anybody still sees it and nobody else shares it.
followed as (
    select
        history.profile_key as retired_key,
        clusters.profile_key as current_key,
        row_number() over (
            partition by history.profile_key
            order by
                history.closing_revision desc nulls last,
                case when clusters.profile_key is null then 1 else 0 end,
                case when clusters.suppression_reason is null then 0 else 1 end,
                case when history.node_key = history.profile_key then 0 else 1 end,
                {{ naming_order('currents') }}
        ) as preference,
        max(history.valid_to) over (partition by history.profile_key) as last_held_at
    from history
    left join living on history.profile_key = living.profile_key
    left join clusters on history.node_key = clusters.node_key
    left join nodes as currents on clusters.profile_key = currents.node_key
    where history.profile_key is not null and living.profile_key is null
)

select
    -- ids
    {{ profile_id('retired.identifier_type', 'retired.identifier_value') }} as retired_profile_id,
    case
        when currents.node_key is not null
            then {{ profile_id('currents.identifier_type', 'currents.identifier_value') }}
    end as profile_id,

    -- timestamps
    followed.last_held_at as retired_at

from followed
inner join nodes as retired on followed.retired_key = retired.node_key
left join nodes as currents on followed.current_key = currents.node_key
where followed.preference = 1
