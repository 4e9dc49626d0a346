-- One row per build and profile that ended in it or was split off in it, and the profile at the
-- other side of the change.
{{ config(materialized='view') }}
with

moves as (
    select * from {{ ref('int_identity_moves') }}
),

history as (
    select * from {{ ref('int_identity_clusters_history') }}
),

-- Where a profile's identifiers went. The identifier that named it speaks first, unless others
-- share it by now; such identifiers speak last.
destinations as (
    select
        revision,
        from_root_seq,
        max(case when node_seq = from_root_seq then 1 else 0 end) as has_ended,
        max(case when node_seq = from_root_seq and not is_suppressed then to_root_seq end)
            as anchor_to_seq,
        min(case when not is_suppressed then to_root_seq end) as own_to_seq,
        min(to_root_seq) as first_to_seq,
        min(case when node_seq = to_root_seq then to_root_seq end) as first_own_seq,
        min(moved_at) as moved_at
    from moves
    group by revision, from_root_seq
),

ended as (
    select
        *,
        coalesce(anchor_to_seq, own_to_seq, first_to_seq) as heir_seq
    from destinations
    where has_ended = 1
),

changes as (
    select
        revision,
        case
            when heir_seq is null then 'withdrawn'
            when heir_seq = first_own_seq then 'renamed'
            else 'merged'
        end as change,
        from_root_seq as loser_root_seq,
        heir_seq as winner_root_seq,
        moved_at
    from ended

    union all

    -- Identifiers that went to a profile which was none before, other than the heir.
    select distinct
        moves.revision,
        'split' as change,
        moves.from_root_seq as loser_root_seq,
        moves.to_root_seq as winner_root_seq,
        moves.moved_at
    from moves
    left join ended
        on
            moves.revision = ended.revision
            and moves.from_root_seq = ended.from_root_seq
            and moves.to_root_seq = ended.heir_seq
    left join history
        on
            moves.to_root_seq = history.node_seq
            and moves.to_root_seq = history.root_seq
            and {{ held_before('history', 'moves.revision') }}
    where
        moves.to_root_seq is not null
        and ended.heir_seq is null
        and history.node_seq is null
)

select * from changes
