-- One row per contact of a deal that is open as of as_of: created, and neither won nor lost yet.
-- The first select gives the columns their types when no enabled source knows deals.
with

unioned as (
    select
        {{ null_columns(['deal_id', 'crm_contact_id']) | indent }}
    {{ no_rows() }}
    {% for source in sources_with('deals') %}
    union all
    select
        deals.deal_id,
        deal_contacts.contact_id as crm_contact_id
    from {{ ref('stg_' ~ source ~ '__deals') }} as deals
    inner join {{ ref('stg_' ~ source ~ '__deal_contacts') }} as deal_contacts
        on deals.deal_id = deal_contacts.deal_id
    where
        not deals.is_deleted
        and deals.created_at <= {{ as_of() }}
        and (
            not (deals.is_won or deals.is_closed)
            or {{ closed_by('deals.closed_at', 'deals.loaded_at') }} > {{ as_of() }}
        )
    {% endfor %}
)

select * from unioned
