-- One row per person in sales that the CRM knows. The first select gives the columns their types
-- when no enabled source knows owners.
with

unioned as (
    select
        {{ null_columns(['owner_id', 'email']) | indent }}
    {{ no_rows() }}
    {% for source in sources_with('owners') %}
    union all
    select
        owner_id,
        email
    from {{ ref('stg_' ~ source ~ '__owners') }}
    where owner_id is not null
    {% endfor %}
)

select * from unioned
