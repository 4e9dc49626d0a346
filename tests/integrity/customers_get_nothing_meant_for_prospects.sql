-- No customer is sent anywhere for a segment that is to win prospects over: no e-mail list or
-- contact with such a primary segment, no ad audience, no sales alert.
-- A row is a customer, with the segment and the model that would send them.
with

activated as (
    select
        'crm_contacts' as model_name,
        profile_id,
        primary_segment as segment
    from {{ ref('crm_contacts') }}

    union all

    select
        'email_list_members' as model_name,
        profile_id,
        primary_segment as segment
    from {{ ref('email_list_members') }}

    union all

    select
        'ad_audience_members' as model_name,
        profile_id,
        audience as segment
    from {{ ref('ad_audience_members') }}

    union all

    select
        'sales_alerts' as model_name,
        profile_id,
        segment
    from {{ ref('sales_alerts') }}
)

select activated.*

from activated
inner join {{ ref('profile_traits') }} as profile_traits
    on activated.profile_id = profile_traits.profile_id
inner join {{ ref('segment_catalog') }} as segment_catalog
    on activated.segment = segment_catalog.segment
where profile_traits.is_customer and segment_catalog.goal = 'convert'
