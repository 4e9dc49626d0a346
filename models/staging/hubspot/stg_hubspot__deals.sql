-- One row per deal, as of the connector's latest read.
with

source as (
    select * from {{ source('hubspot', 'deals') }}
),

stages as (
    select * from {{ ref('stg_hubspot__pipeline_stages') }}
),

recorded_merges as (
    select {{ clean_id('merged_deal_id') }} as deal_id
    from {{ source('hubspot', 'merged_deals') }}
),

renamed as (
    select
        -- ids
        {{ clean_id('deal_id') }} as deal_id,
        {{ clean_id('owner_id') }} as owner_id,
        {{ clean_text('property_hs_merged_object_ids') }} as merged_deal_ids,

        -- strings
        {{ clean_text('property_dealname') }} as deal_name,
        {{ clean_text('deal_pipeline_stage_id') }} as stage,
        {{ crm_properties_json('deal', 'property_') }} as crm_properties,

        -- numbers
        {{ to_number('property_amount') }} as amount,

        -- booleans
        {{ to_boolean('property_hs_is_closed_won') }} as is_won,
        {{ to_boolean('property_hs_is_closed') }} as is_closed,
        coalesce({{ to_boolean('is_deleted') }}, false)
        or coalesce({{ to_boolean('_fivetran_deleted') }}, false)
        or coalesce({{ to_boolean('archived') }}, false) as is_deleted,

        -- timestamps
        {{ utc_timestamp('property_createdate') }} as created_at,
        {{ utc_timestamp('property_closedate') }} as closed_at,
        {{ utc_timestamp('_fivetran_synced') }} as loaded_at
    from source
),

latest as (
    select
        *,
        -- Of rows that were loaded at once a deletion counts; the rest only makes the choice one.
        row_number() over (
            partition by deal_id order by {{ sorted_by([
                'loaded_at', 'is_deleted', 'closed_at', 'created_at', 'stage', 'amount',
                'owner_id', 'deal_name', 'merged_deal_ids', 'is_won', 'is_closed',
                'crm_properties',
            ], 'desc') }}
        ) as recency
    from renamed
),

listed_merges as (
    select
        deal_id as kept_id,
        {{ split_to_rows('merged_deal_ids', ';') }} as deal_id
    from latest {{ split_source('merged_deal_ids', ';') }}
    where recency = 1 and not is_deleted
),

merged as (
    select deal_id from recorded_merges
    {{ union_distinct() }}
    select {{ clean_id('deal_id') }} as deal_id from listed_merges
    where kept_id <> {{ clean_id('deal_id') }}
)

select
    latest.deal_id,
    latest.owner_id,
    latest.deal_name,
    latest.stage,
    latest.crm_properties,
    latest.amount,
    -- The deal's own word, then the pipeline's; the default pipeline names its last two stages so.
    coalesce(latest.is_won, stages.is_won, latest.stage = 'closedwon', false) as is_won,
    coalesce(
        latest.is_closed, stages.is_closed, latest.stage in ('closedwon', 'closedlost'), false
    ) as is_closed,
    latest.is_deleted or merged.deal_id is not null as is_deleted,
    latest.created_at,
    latest.closed_at,
    latest.loaded_at,
    stages.loaded_at as stage_loaded_at

from latest
left join stages on latest.stage = stages.stage_id
left join merged on latest.deal_id = merged.deal_id
where latest.recency = 1
