-- One row per declaration, up to as_of, that two identifiers are one person's or are not: an alias
-- call, a decision in seeds/identity_overrides.csv, an accepted proposal, or two spellings of one
-- mailbox. A link holds whatever the limits say, a suggestion is evidence like any other.
{{ config(materialized='view') }}
with

{% for source in sources_with('aliases') %}
{{ source }}_aliases as (
    select
        '{{ source }}' as source,
        alias_id as observation,
        -- Only an alias of two accounts overrules the limits: every visitor of a kiosk may sign up.
        case when identifier_type_a = identifier_type_b then 'link' else 'suggest' end as action,
        identifier_type_a,
        identifier_value_a,
        identifier_type_b,
        identifier_value_b,
        aliased_at as declared_at
    from {{ ref('stg_' ~ source ~ '__aliases') }}
),

{% endfor %}
overrides as (
    select
        'identity_overrides' as source,
        reason as observation,
        action,
        identifier_type_a,
        identifier_value_a,
        identifier_type_b,
        identifier_value_b,
        decided_at as declared_at
    from {{ ref('identity_overrides') }}
),

proposals as (
    select
        'identity_proposals' as source,
        cast(match_probability as {{ dbt.type_string() }}) as observation,
        'suggest' as action,
        identifier_type_a,
        identifier_value_a,
        identifier_type_b,
        identifier_value_b,
        decided_at as declared_at
    from {{ ref('identity_proposals') }}
    where verdict = 'accepted'
),

addresses as (
    select
        identifier_value as email,
        first_seen_at,
        first_value(identifier_value) over (
            partition by {{ mailbox_of('identifier_value') }}
            order by first_seen_at nulls last, identifier_value
        ) as first_email
    from {{ ref('int_identifiers_summarized') }}
    where identifier_type = 'email' and {{ var('link_email_spellings') }}
),

spellings as (
    select
        'email_spelling' as source,
        email as observation,
        'link' as action,
        'email' as identifier_type_a,
        first_email as identifier_value_a,
        'email' as identifier_type_b,
        email as identifier_value_b,
        first_seen_at as declared_at
    from addresses
    where email <> first_email
),

declared as (
    {% for source in sources_with('aliases') %}
    select * from {{ source }}_aliases
    union all
    {% endfor %}
    select * from overrides
    union all
    select * from proposals
    union all
    select * from spellings
)

select
    source,
    observation,
    action,
    identifier_type_a,
    {{ clean_user_id('identifier_value_a') }} as identifier_value_a,
    identifier_type_b,
    {{ clean_user_id('identifier_value_b') }} as identifier_value_b,
    declared_at

from declared
where declared_at <= {{ as_of() }}
