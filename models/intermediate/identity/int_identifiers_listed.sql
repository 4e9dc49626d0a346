-- One row per observed set of identifiers and identifier in it. A void identifier is what a broken
-- tracker sends when it has none.
{% set type_of_column = {
    'user_id': 'user_id',
    'crm_contact_id': 'crm_contact_id',
    'email': 'email',
    'phone': 'phone',
    'anonymous_id': 'anonymous_id',
    'device_id': 'anonymous_id',
    'user_address': 'email',
} %}
with

observed as (
    select
        *,
        -- A user id that is an address shows that address too.
        case
            when {{ is_email_address('user_id') }} then nullif(user_id, email)
        end as user_address
    from {{ ref('int_identifiers_observed') }}
),

void_rules as (
    select distinct
        identifier_type,
        -- A seed cannot say it: dbt reads the word null as nothing.
        {{ void_spelling("coalesce(pattern, 'null')") }} as pattern
    from {{ ref('identity_rules') }}
    where kind = 'void'
),

listed as (
    {% for column, type in type_of_column.items() %}
    select
        observation_id,
        source,
        '{{ type }}' as identifier_type,
        {{ column }} as identifier_value,
        sample_observation,
        observation_count,
        crm_contact_id is not null as is_crm,
        first_seen_at,
        last_seen_at,
        first_loaded_at,
        first_load_seen_at
    from observed
    where {{ column }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

spelled as (
    select
        *,
        {{ void_spelling('identifier_value') }} as spelling
    from listed
),

keyed as (
    select
        *,
        {{ void_key('spelling') }} as void_key
    from spelled
)

select
    keyed.observation_id,
    keyed.source,
    keyed.identifier_type,
    keyed.identifier_value,
    keyed.sample_observation,
    keyed.observation_count,
    keyed.is_crm,
    keyed.first_seen_at,
    keyed.last_seen_at,
    keyed.first_loaded_at,
    keyed.first_load_seen_at,
    coalesce(every_type.pattern, one_type.pattern) is not null as is_void

from keyed
left join void_rules as every_type
    on
        every_type.identifier_type = '*'
        and keyed.void_key = every_type.pattern
left join void_rules as one_type
    on
        keyed.identifier_type = one_type.identifier_type
        and keyed.void_key = one_type.pattern
