-- One row per profile and firmographic attribute that some rule likes, with the best rule's points.
with

profile_accounts as (
    select * from {{ ref('int_profile_accounts') }}
),

accounts as (
    select * from {{ ref('accounts') }}
),

details as (
    select * from {{ ref('int_profile_details') }}
),

fit_rules as (
    select * from {{ ref('fit_rules') }}
),

facts as (
    select
        profile_accounts.profile_id,
        lower(accounts.industry) as industry,
        lower(accounts.country) as country,
        lower(details.job_title) as job_title,
        accounts.employee_count
    from profile_accounts
    left join accounts on profile_accounts.account_id = accounts.account_id
    left join details on profile_accounts.profile_id = details.profile_id
),

attributes as (
    {% for attribute, text, number in [
        ('industry', 'industry', 'null'),
        ('country', 'country', 'null'),
        ('role', 'job_title', 'null'),
        ('size', 'null', 'employee_count'),
    ] %}
    select
        profile_id,
        '{{ attribute }}' as attribute,
        cast({{ text }} as {{ dbt.type_string() }}) as text_value,
        cast({{ number }} as {{ type_double() }}) as number_value
    from facts
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    attributes.profile_id,
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
group by attributes.profile_id, attributes.attribute
