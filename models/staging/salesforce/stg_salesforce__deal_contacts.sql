-- One row per contact that has a role in an opportunity; one that was merged counts as the one it
-- became.
with

source as (
    select * from {{ source('salesforce', 'opportunity_contact_roles') }}
),

contacts as (
    select * from {{ ref('stg_salesforce__contacts') }}
),

renamed as (
    select
        {{ clean_id('id') }} as role_id,
        {{ clean_id('opportunity_id') }} as deal_id,
        {{ clean_id('contact_id') }} as contact_id,
        coalesce({{ to_boolean('is_deleted') }}, false)
        or coalesce({{ to_boolean('_fivetran_deleted') }}, false) as is_deleted,
        {{ utc_timestamp('_fivetran_synced') }} as loaded_at
    from source
),

latest as (
    select
        *,
        row_number() over (
            partition by role_id
            order by {{ sorted_by(['loaded_at', 'is_deleted', 'contact_id'], 'desc') }}
        ) as recency
    from renamed
)

select
    latest.deal_id,
    coalesce(contacts.merged_into_id, latest.contact_id) as contact_id,
    max(latest.loaded_at) as loaded_at

from latest
left join contacts on latest.contact_id = contacts.contact_id
where latest.recency = 1 and not latest.is_deleted
group by latest.deal_id, coalesce(contacts.merged_into_id, latest.contact_id)
