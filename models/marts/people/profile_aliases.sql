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
    select distinct root_seq from clusters
),

-- Everybody's last belief about an identifier of a profile that is no more, newest first. The
-- identifier that named the profile speaks for it as long as anybody still sees it and nobody else
-- shares it.
followed as (
    select
        history.root_seq as retired_seq,
        clusters.root_seq as current_seq,
        row_number() over (
            partition by history.root_seq
            order by
                case when clusters.root_seq is null then 1 else 0 end,
                history.closing_revision desc,
                case when clusters.suppression_reason is null then 0 else 1 end,
                case when history.node_seq = history.root_seq then 0 else 1 end,
                clusters.root_seq
        ) as preference,
        max(history.valid_to) over (partition by history.root_seq) as last_held_at
    from history
    left join living on history.root_seq = living.root_seq
    left join clusters on history.node_seq = clusters.node_seq
    where history.root_seq is not null and living.root_seq is null
)

select
    -- ids
    {{ profile_id('retired.identifier_type', 'retired.identifier_value') }} as retired_profile_id,
    case
        when currents.node_seq is not null
            then {{ profile_id('currents.identifier_type', 'currents.identifier_value') }}
    end as profile_id,

    -- timestamps
    followed.last_held_at as retired_at

from followed
inner join nodes as retired on followed.retired_seq = retired.node_seq
left join nodes as currents on followed.current_seq = currents.node_seq
where followed.preference = 1
