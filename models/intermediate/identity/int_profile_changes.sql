-- One row per build and profile that ended in it or was split off in it, and the profile at the
-- other side of the change.
{{ config(materialized='view') }}
with

nodes as (
    select * from {{ ref('int_identity_nodes') }}
),

-- Of several profiles that identifiers of one went to, the one that would name them all is senior.
moves as (
    select
        moved.*,
        row_number() over (
            partition by moved.revision, moved.from_profile_key
            order by {{ naming_order('nodes') }}, moved.node_key
        ) as seniority
    from {{ ref('int_identity_moves') }} as moved
    left join nodes on moved.to_profile_key = nodes.node_key
),

history as (
    select * from {{ ref('int_identity_clusters_history') }}
),

-- Where a profile's identifiers went. The identifier that named it speaks first, unless others
-- share it by now; such identifiers speak last.
destinations as (
    select
        revision,
        from_profile_key,
        max(case when node_key = from_profile_key then 1 else 0 end) as has_ended,
        max(case when node_key = from_profile_key and not is_suppressed then to_profile_key end)
            as anchor_to_key,
        {{ first_known('case when not is_suppressed then to_profile_key end', 'seniority') }}
            as own_to_key,
        {{ first_known('to_profile_key', 'seniority') }} as first_to_key,
        {{ first_known('case when node_key = to_profile_key then node_key end', 'seniority') }}
            as first_own_key,
        min(moved_at) as moved_at
    from moves
    group by revision, from_profile_key
),

ended as (
    select
        *,
        coalesce(anchor_to_key, own_to_key, first_to_key) as heir_key
    from destinations
    where has_ended = 1
),

changes as (
    select
        revision,
        case
            when heir_key is null then 'withdrawn'
            when heir_key = first_own_key then 'renamed'
            else 'merged'
        end as change,
        from_profile_key as loser_profile_key,
        heir_key as winner_profile_key,
        moved_at
    from ended

    union all

    -- Identifiers that went to a profile which was none before, other than the heir.
    select distinct
        moves.revision,
        'split' as change,
        moves.from_profile_key as loser_profile_key,
        moves.to_profile_key as winner_profile_key,
        moves.moved_at
    from moves
    left join ended
        on
            moves.revision = ended.revision
            and moves.from_profile_key = ended.from_profile_key
            and moves.to_profile_key = ended.heir_key
    left join history
        on
            moves.to_profile_key = history.node_key
            and moves.to_profile_key = history.profile_key
            and {{ held_before('history', 'moves.revision') }}
    where
        moves.to_profile_key is not null
        and ended.heir_key is null
        and history.node_key is null
)

select * from changes
