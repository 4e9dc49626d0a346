-- One row per statement that a source made about a person up to as_of: names, company, CRM state.
-- The first select gives the columns their types when no enabled source knows people.
with

unioned as (
    select
        {{ null_columns(['source', 'crm_contact_id', 'user_id', 'email', 'phone']) | indent }},
        {{ null_columns(['first_name', 'last_name', 'company_name', 'job_title']) | indent }},
        {{ null_columns([
            'lifecycle_stage', 'company_id', 'lead_status', 'buying_roles', 'owner_id',
            'crm_properties',
        ]) | indent }},
        {{ null_columns(['is_email_opted_out', 'has_ad_consent'], 'boolean') | indent }},
        {{ null_columns([
            'customer_since_at', 'verified_at', 'ad_consent_stated_at', 'stated_at', 'loaded_at'
        ], 'timestamp') | indent }}
    {{ no_rows() }}
    {% for source in sources_with('people') %}
    union all
    select
        '{{ source }}' as source,
        crm_contact_id,
        {{ clean_user_id('user_id') }} as user_id,
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
        {{ 'crm_properties' if [source, 'deals'] in staging_models()
            else null_columns(['crm_properties']) }},
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
