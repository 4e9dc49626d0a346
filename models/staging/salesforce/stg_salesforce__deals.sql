-- One row per opportunity, as of the connector's latest read.
with

source as (
    select * from {{ source('salesforce', 'opportunities') }}
),

renamed as (
    select
        -- ids
        {{ clean_id('id') }} as deal_id,
        {{ clean_id('owner_id') }} as owner_id,

        -- strings
        {{ clean_text('name') }} as deal_name,
        {{ clean_text('stage_name') }} as stage,
        {{ crm_properties_json('deal', '') }} as crm_properties,

        -- numbers
        {{ to_number('amount') }} as amount,

        -- booleans
        coalesce({{ to_boolean('is_won') }}, false) as is_won,
        coalesce({{ to_boolean('is_closed') }}, false) as is_closed,
        coalesce({{ to_boolean('is_deleted') }}, false)
        or coalesce({{ to_boolean('_fivetran_deleted') }}, false) as is_deleted,

        -- timestamps
        {{ utc_timestamp('created_date') }} as created_at,
        {{ utc_timestamp('close_date') }} as closed_at,
        {{ utc_timestamp('_fivetran_synced') }} as loaded_at
    from source
),

latest as (
    select
        *,
        -- Of rows that were loaded at once a deletion counts; the rest only makes the choice one.
        row_number() over (
            partition by deal_id order by {{ sorted_by([
                'loaded_at', 'is_deleted', 'closed_at', 'created_at', 'is_won', 'is_closed',
                'stage', 'amount', 'owner_id', 'deal_name', 'crm_properties',
            ], 'desc') }}
        ) as recency
    from renamed
)

select
    deal_id,
    owner_id,
    deal_name,
    stage,
    crm_properties,
    amount,
    is_won,
    is_closed,
    is_deleted,
    created_at,
    closed_at,
    loaded_at

from latest
where recency = 1
