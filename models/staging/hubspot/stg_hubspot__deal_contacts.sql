-- One row per contact of a deal; a contact that was merged counts as the one it became.
with

source as (
    select * from {{ source('hubspot', 'deal_contacts') }}
),

merged as (
    select * from {{ ref('stg_hubspot__merges') }}
),

renamed as (
    select
        {{ clean_id('deal_id') }} as deal_id,
        {{ clean_id('contact_id') }} as contact_id,
        coalesce({{ to_boolean('_fivetran_deleted') }}, false) as is_deleted,
        {{ utc_timestamp('_fivetran_synced') }} as loaded_at
    from source
),

latest as (
    select
        *,
        row_number() over (
            partition by deal_id, contact_id
            order by {{ sorted_by(['loaded_at', 'is_deleted'], 'desc') }}
        ) as recency
    from renamed
)

select
    latest.deal_id,
    coalesce(merged.merged_into_id, latest.contact_id) as contact_id,
    max(latest.loaded_at) as loaded_at

from latest
left join merged on latest.contact_id = merged.contact_id
where latest.recency = 1 and not latest.is_deleted
group by latest.deal_id, coalesce(merged.merged_into_id, latest.contact_id)
