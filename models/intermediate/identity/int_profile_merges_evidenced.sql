-- One row per build and profile that ended in it (merged into another one, renamed because the
-- identifier that named it is gone, or withdrawn with all of them) or was split off in
-- it, with the edge that tied, or had tied, the two together.
with

changes as (
    select * from {{ ref('int_profile_changes') }}
),

history as (
    select * from {{ ref('int_identity_clusters_history') }}
),

edges as (
    select * from {{ ref('int_identity_edges') }}
),

clusters as (
    select * from {{ ref('int_identity_clusters') }}
),

ends as (
    select
        *,
        low_key as node_key,
        high_key as other_key
    from edges

    union all

    select
        *,
        high_key as node_key,
        low_key as other_key
    from edges
),

-- Edges of the loser's identifiers, with where both ends were after the build and the other before.
ties as (
    select
        changes.revision,
        changes.loser_profile_key,
        changes.winner_profile_key,
        ends.low_key,
        ends.high_key,
        ends.sample_observation,
        ends.first_seen_at as evidence_seen_at,
        case
            when changes.change = 'merged' and ends.is_declared then 'declared'
            when changes.change = 'merged' then 'seen_together'
            when ends.revoked_at is not null then 'separated'
            else coalesce(clusters.suppression_reason, other_clusters.suppression_reason)
        end as reason,
        row_number() over (
            partition by changes.revision, changes.loser_profile_key, changes.winner_profile_key
            order by
                -- Two that were apart and are declared one: nothing else was needed.
                case when ends.is_declared then 0 else 1 end,
                case when other_before.profile_key = changes.winner_profile_key then 0 else 1 end,
                {{ sorted_by(['ends.first_seen_at', 'ends.low_key', 'ends.high_key']) }}
        ) as preference
    from changes
    inner join history as before
        on
            changes.loser_profile_key = before.profile_key
            and {{ held_before('before', 'changes.revision') }}
    inner join ends on before.node_key = ends.node_key
    inner join history as after
        on ends.node_key = after.node_key and {{ held_after('after', 'changes.revision') }}
    inner join history as other_after
        on
            ends.other_key = other_after.node_key
            and {{ held_after('other_after', 'changes.revision') }}
    left join history as other_before
        on
            ends.other_key = other_before.node_key
            and {{ held_before('other_before', 'changes.revision') }}
    left join clusters on ends.node_key = clusters.node_key
    left join clusters as other_clusters on ends.other_key = other_clusters.node_key
    where
        after.profile_key = changes.winner_profile_key
        and (
            (
                changes.change = 'merged'
                and ends.revoked_at is null
                and other_after.profile_key = changes.winner_profile_key
                and coalesce(other_before.profile_key, 0) <> changes.loser_profile_key
            )
            or (
                changes.change = 'split'
                and other_after.profile_key <> changes.winner_profile_key
                and other_before.profile_key = changes.loser_profile_key
            )
        )
)

select
    -- ids
    changes.revision,
    changes.loser_profile_key,
    changes.winner_profile_key,
    ties.low_key,
    ties.high_key,
    ties.sample_observation,

    -- strings
    changes.change,
    coalesce(
        ties.reason,
        case when changes.change = 'renamed' then anchors.suppression_reason end,
        'no_longer_seen'
    ) as reason,

    -- timestamps
    ties.evidence_seen_at,
    changes.moved_at

from changes
left join clusters as anchors on changes.loser_profile_key = anchors.node_key
left join ties
    on
        changes.revision = ties.revision
        and changes.loser_profile_key = ties.loser_profile_key
        and changes.winner_profile_key = ties.winner_profile_key
        and ties.preference = 1
