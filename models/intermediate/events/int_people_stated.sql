-- One row per statement that a source made about a person up to as_of: names, company, CRM state.
-- The first select gives the columns their types when no enabled source knows people.
with

unioned as (
    select
        cast(null as {{ dbt.type_string() }}) as source,
        cast(null as {{ dbt.type_string() }}) as crm_contact_id,
        cast(null as {{ dbt.type_string() }}) as user_id,
        cast(null as {{ dbt.type_string() }}) as email,
        cast(null as {{ dbt.type_string() }}) as phone,
        cast(null as {{ dbt.type_string() }}) as first_name,
        cast(null as {{ dbt.type_string() }}) as last_name,
        cast(null as {{ dbt.type_string() }}) as company_name,
        cast(null as {{ dbt.type_string() }}) as job_title,
        cast(null as {{ dbt.type_string() }}) as lifecycle_stage,
        cast(null as {{ dbt.type_string() }}) as company_id,
        cast(null as {{ dbt.type_string() }}) as lead_status,
        cast(null as {{ dbt.type_string() }}) as buying_roles,
        cast(null as {{ dbt.type_string() }}) as owner_id,
        cast(null as boolean) as is_email_opted_out,
        cast(null as boolean) as has_ad_consent,
        cast(null as timestamp) as customer_since_at,
        cast(null as timestamp) as verified_at,
        cast(null as timestamp) as ad_consent_stated_at,
        cast(null as timestamp) as stated_at,
        cast(null as timestamp) as loaded_at
    where false
    {% for source in enabled_sources(['hubspot', 'segment']) %}
    union all
    select
        '{{ source }}' as source,
        crm_contact_id,
        user_id,
        email,
        phone,
        first_name,
        last_name,
        company_name,
        job_title,
        lifecycle_stage,
        company_id,
        lead_status,
        buying_roles,
        owner_id,
        is_email_opted_out,
        has_ad_consent,
        customer_since_at,
        verified_at,
        ad_consent_stated_at,
        stated_at,
        loaded_at
    from {{ ref('stg_' ~ source ~ '__people') }}
    {% endfor %}
)

select * from unioned
where
    stated_at <= {{ as_of() }}
    and coalesce(crm_contact_id, user_id, email, phone) is not null
