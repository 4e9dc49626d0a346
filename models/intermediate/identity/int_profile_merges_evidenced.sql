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
        low_seq as node_seq,
        high_seq as other_seq
    from edges

    union all

    select
        *,
        high_seq as node_seq,
        low_seq as other_seq
    from edges
),

-- Edges of the loser's identifiers, with where both ends were after the build and the other before.
ties as (
    select
        changes.revision,
        changes.loser_root_seq,
        changes.winner_root_seq,
        ends.low_seq,
        ends.high_seq,
        ends.sample_observation,
        ends.first_seen_at as evidence_seen_at,
        case
            when changes.change = 'merged' and ends.is_declared then 'declared'
            when changes.change = 'merged' then 'seen_together'
            when ends.revoked_at is not null then 'separated'
            else coalesce(clusters.suppression_reason, other_clusters.suppression_reason)
        end as reason,
        row_number() over (
            partition by changes.revision, changes.loser_root_seq, changes.winner_root_seq
            order by
                -- Two that were apart and are declared one: nothing else was needed.
                case when ends.is_declared then 0 else 1 end,
                case when other_before.root_seq = changes.winner_root_seq then 0 else 1 end,
                ends.first_seen_at,
                ends.low_seq,
                ends.high_seq
        ) as preference
    from changes
    inner join history as before
        on
            changes.loser_root_seq = before.root_seq
            and {{ held_before('before', 'changes.revision') }}
    inner join ends on before.node_seq = ends.node_seq
    inner join history as after
        on ends.node_seq = after.node_seq and {{ held_after('after', 'changes.revision') }}
    inner join history as other_after
        on
            ends.other_seq = other_after.node_seq
            and {{ held_after('other_after', 'changes.revision') }}
    left join history as other_before
        on
            ends.other_seq = other_before.node_seq
            and {{ held_before('other_before', 'changes.revision') }}
    left join clusters on ends.node_seq = clusters.node_seq
    left join clusters as other_clusters on ends.other_seq = other_clusters.node_seq
    where
        after.root_seq = changes.winner_root_seq
        and (
            (
                changes.change = 'merged'
                and ends.revoked_at is null
                and other_after.root_seq = changes.winner_root_seq
                and coalesce(other_before.root_seq, 0) <> changes.loser_root_seq
            )
            or (
                changes.change = 'split'
                and other_after.root_seq <> changes.winner_root_seq
                and other_before.root_seq = changes.loser_root_seq
            )
        )
)

select
    -- ids
    changes.revision,
    changes.loser_root_seq,
    changes.winner_root_seq,
    ties.low_seq,
    ties.high_seq,
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
left join clusters as anchors on changes.loser_root_seq = anchors.node_seq
left join ties
    on
        changes.revision = ties.revision
        and changes.loser_root_seq = ties.loser_root_seq
        and changes.winner_root_seq = ties.winner_root_seq
        and ties.preference = 1
