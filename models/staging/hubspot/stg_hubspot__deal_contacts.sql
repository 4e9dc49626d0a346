-- One row per contact of a deal.
with

source as (
    select * from {{ source('hubspot', 'deal_contacts') }}
)

select distinct
    {{ clean_id('deal_id') }} as deal_id,
    {{ clean_id('contact_id') }} as contact_id

from source
