-- One row per profile and firmographic attribute that some rule likes, with the best rule's points.
with

profile_accounts as (
    select * from {{ ref('int_profile_accounts') }}
),

companies as (
    select * from {{ ref('int_companies_stated') }}
),

details as (
    select * from {{ ref('int_profile_details') }}
),

fit_rules as (
    select * from {{ ref('fit_rules') }}
),

facts as (
    select
        profile_accounts.profile_key,
        {{ lower_text('companies.industry') }} as industry,
        {{ lower_text('companies.country') }} as country,
        {{ lower_text('details.job_title') }} as job_title,
        companies.employee_count
    from profile_accounts
    left join companies on profile_accounts.company_id = companies.company_id
    left join details on profile_accounts.profile_key = details.profile_key
),

attributes as (
    {% for attribute, text, number in [
        ('industry', 'industry', 'null'),
        ('country', 'country', 'null'),
        ('role', 'job_title', 'null'),
        ('size', 'null', 'employee_count'),
    ] %}
    select
        profile_key,
        '{{ attribute }}' as attribute,
        cast({{ text }} as {{ dbt.type_string() }}) as text_value,
        cast({{ number }} as {{ type_double() }}) as number_value
    from facts
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    attributes.profile_key,
    attributes.attribute,
    max(fit_rules.points) as points

from attributes
inner join fit_rules
    on
        attributes.attribute = fit_rules.attribute
        and (
            {{ matches('attributes.text_value', 'fit_rules.pattern') }}
            or (
                attributes.number_value >= coalesce(fit_rules.at_least, attributes.number_value)
                and attributes.number_value <= coalesce(fit_rules.at_most, attributes.number_value)
            )
        )
where fit_rules.points > 0
group by attributes.profile_key, attributes.attribute
