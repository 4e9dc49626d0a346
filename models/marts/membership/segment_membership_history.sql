-- One row per stay of a person in a segment: entered, and exited unless still in. Written by
-- comparing today's members with the open stays; it is the project's memory and is never rebuilt.
{{
    config(
        materialized='incremental',
        incremental_strategy=by_key(),
        unique_key=['segment', 'profile_id', 'entered_at'],
        full_refresh=false,
        on_schema_change='fail',
        pre_hook="{{ refuse_to_rewind(this, 'entered_at', 'exited_at') }}",
    )
}}

with

members as (
    select * from {{ ref('segment_memberships') }}
),

open_stays as (
    {% if is_incremental() %}
    select * from {{ this }}
    where exited_at is null
    {% else %}
    select
        segment,
        profile_id,
        as_of as entered_at
    from members
    where false
    {% endif %}
),

entered as (
    select
        members.segment,
        members.profile_id,
        members.as_of as entered_at,
        cast(null as timestamp) as exited_at
    from members
    left join open_stays
        on members.segment = open_stays.segment and members.profile_id = open_stays.profile_id
    where open_stays.profile_id is null
),

exited as (
    select
        open_stays.segment,
        open_stays.profile_id,
        open_stays.entered_at,
        {{ as_of() }} as exited_at
    from open_stays
    left join members
        on open_stays.segment = members.segment and open_stays.profile_id = members.profile_id
    where members.profile_id is null
)

select * from entered
union all
select * from exited
