-- One row per person in sales that the CRM knows. The first select gives the columns their types
-- when no enabled source knows owners.
with

unioned as (
    select
        cast(null as {{ dbt.type_string() }}) as owner_id,
        cast(null as {{ dbt.type_string() }}) as email
    where false
    {% for source in enabled_sources(['hubspot']) %}
    union all
    select
        owner_id,
        email
    from {{ ref('stg_' ~ source ~ '__owners') }}
    where owner_id is not null
    {% endfor %}
)

select * from unioned
