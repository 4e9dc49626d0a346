-- One row per contact of a deal that was created up to as_of: whether it is open, and when it was
-- closed, if somebody knows.
-- The first select gives the columns their types when no enabled source knows deals.
with

unioned as (
    select
        {{ null_columns(['deal_id', 'crm_contact_id', 'crm_properties']) | indent }},
        {{ null_columns(['is_won', 'is_closed'], 'boolean') | indent }},
        {{ null_columns(['created_at', 'closed_at'], 'timestamp') | indent }}
    {{ no_rows() }}
    {% for source in sources_with('deals') %}
    union all
    select
        deals.deal_id,
        deal_contacts.contact_id as crm_contact_id,
        deals.crm_properties,
        deals.is_won,
        deals.is_won or deals.is_closed as is_closed,
        deals.created_at,
        case
            when deals.is_won or deals.is_closed
                then {{ closed_by('deals.closed_at', 'deals.loaded_at') }}
        end as closed_at
    from {{ ref('stg_' ~ source ~ '__deals') }} as deals
    inner join {{ ref('stg_' ~ source ~ '__deal_contacts') }} as deal_contacts
        on deals.deal_id = deal_contacts.deal_id
    where not deals.is_deleted and deals.created_at <= {{ as_of() }}
    {% endfor %}
)

select
    -- ids
    deal_id,
    crm_contact_id,

    -- strings
    crm_properties,

    -- booleans
    is_won,
    not is_closed or coalesce(closed_at > {{ as_of() }}, false) as is_open,

    -- timestamps
    created_at,
    case when closed_at <= {{ as_of() }} then closed_at end as closed_at

from unioned
