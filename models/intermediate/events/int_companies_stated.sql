-- One row per company that the CRM knows, created up to as_of and not deleted; whoever has a
-- mailbox with a free provider works for nobody by that. The first select gives the columns their
-- types when no enabled source knows companies.
with

free_mail_domains as (
    select * from {{ ref('free_mail_domains') }}
),

unioned as (
    select
        {{ null_columns(['company_id', 'company_name', 'domain']) | indent }},
        {{ null_columns(['industry', 'country', 'crm_properties']) | indent }},
        {{ null_columns(['employee_count'], type_double()) }},
        {{ null_columns(['is_target_account'], 'boolean') }},
        {{ null_columns(['renewal_at'], 'timestamp') }}
    {{ no_rows() }}
    {% for source in sources_with('companies') %}
    union all
    select
        company_id,
        company_name,
        domain,
        industry,
        country,
        crm_properties,
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

select unioned.*

from unioned
left join free_mail_domains on unioned.domain = free_mail_domains.domain
where free_mail_domains.domain is null
