-- One row per contact that was merged into another, with the one that lives on: by the list that
-- the other one carries, or by the connector's record of merges.
with

contacts as (
    select * from {{ ref('stg_hubspot__contacts') }}
    where not is_deleted
),

audit as (
    select * from {{ source('hubspot', 'contact_merge_audit') }}
),

named as (
    select
        {{ split_to_rows('merged_contact_ids', ';') }} as merged_id,
        contact_id as kept_id
    from contacts {{ split_source('merged_contact_ids', ';') }}

    union all

    select
        cast(vid_to_merge as {{ dbt.type_string() }}) as merged_id,
        {{ clean_id('canonical_vid') }} as kept_id
    from audit
),

cleaned as (
    select distinct
        {{ clean_id('merged_id') }} as merged_id,
        kept_id
    from named
)

select
    direct.merged_id as contact_id,
    -- Whoever took it in may have been merged since.
    max(coalesce(later.kept_id, direct.kept_id)) as merged_into_id

from cleaned as direct
left join cleaned as later on direct.kept_id = later.merged_id
where direct.merged_id is not null and direct.kept_id <> direct.merged_id
group by direct.merged_id
