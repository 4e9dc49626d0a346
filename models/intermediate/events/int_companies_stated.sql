-- One row per company that the CRM knows, created up to as_of and not deleted. The first select
-- gives the columns their types when no enabled source knows companies.
with

unioned as (
    select
        cast(null as {{ dbt.type_string() }}) as company_id,
        cast(null as {{ dbt.type_string() }}) as company_name,
        cast(null as {{ dbt.type_string() }}) as domain,
        cast(null as {{ dbt.type_string() }}) as industry,
        cast(null as {{ dbt.type_string() }}) as country,
        cast(null as {{ type_double() }}) as employee_count,
        cast(null as boolean) as is_target_account,
        cast(null as timestamp) as renewal_at
    where false
    {% for source in enabled_sources(['hubspot']) %}
    union all
    select
        company_id,
        company_name,
        domain,
        industry,
        country,
        employee_count,
        is_target_account,
        renewal_at
    from {{ ref('stg_' ~ source ~ '__companies') }}
    where
        company_id is not null
        and not is_deleted
        and (created_at is null or created_at <= {{ as_of() }})
    {% endfor %}
)

select * from unioned
