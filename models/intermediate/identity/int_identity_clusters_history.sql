-- One row per identifier and stretch of time in which we believed that it was one person's, named
-- by profile_key; empty when we no longer knew the identifier. Written by comparing today's
-- clusters with the open rows; revisions count the builds that changed anything.
{{
    config(
        materialized='incremental',
        incremental_strategy=by_key(),
        unique_key=['node_key', 'revision'],
        full_refresh=false,
        on_schema_change='fail',
        pre_hook="{{ refuse_to_rewind(this, 'valid_from', 'valid_to') }}",
    )
}}

with

clusters as (
    select * from {{ ref('int_identity_clusters') }}
),

believed as (
    {% if is_incremental() %}
    select * from {{ this }}
    {% else %}
    select
        node_key,
        cast(0 as bigint) as revision,
        profile_key,
        suppression_reason,
        {{ as_of() }} as valid_from
    from clusters
    where false
    {% endif %}
),

latest as (
    select coalesce(max(revision), 0) as revision from believed
),

open_rows as (
    select * from believed
    {% if is_incremental() %}
    where valid_to is null
    {% endif %}
),

changed as (
    select
        coalesce(clusters.node_key, open_rows.node_key) as node_key,
        clusters.profile_key,
        clusters.suppression_reason,
        open_rows.revision as closed_revision,
        open_rows.profile_key as closed_profile_key,
        open_rows.suppression_reason as closed_suppression_reason,
        open_rows.valid_from as closed_valid_from
    from clusters
    full outer join open_rows on clusters.node_key = open_rows.node_key
    where
        open_rows.node_key is null
        or coalesce(clusters.profile_key, -1) <> coalesce(open_rows.profile_key, -1)
),

opened as (
    select
        changed.node_key,
        latest.revision + 1 as revision,
        cast(null as bigint) as closing_revision,
        changed.profile_key,
        changed.suppression_reason,
        {{ as_of() }} as valid_from,
        cast(null as timestamp) as valid_to
    from changed
    cross join latest
),

closed as (
    select
        changed.node_key,
        changed.closed_revision as revision,
        latest.revision + 1 as closing_revision,
        changed.closed_profile_key as profile_key,
        changed.closed_suppression_reason as suppression_reason,
        changed.closed_valid_from as valid_from,
        {{ as_of() }} as valid_to
    from changed
    cross join latest
    where changed.closed_revision is not null
)

select * from opened
union all
select * from closed
