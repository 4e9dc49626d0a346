-- One row per identifier with the user id and the e-mail address it was last seen with.
{% set types = ['user_id', 'email', 'phone', 'anonymous_id', 'crm_contact_id'] %}
with

observed as (
    select * from {{ ref('int_identifiers_observed') }}
),

identifiers as (
    {% for type in types %}
    select
        '{{ type }}' as identifier_type,
        {{ type }} as identifier_value,
        user_id,
        email,
        observation_count,
        first_seen_at,
        last_seen_at
    from observed
    where {{ type }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

ranked as (
    select
        *,
        -- The latest sighting decides; counts and names break ties, so that no order of rows can.
        row_number() over (
            partition by identifier_type, identifier_value
            order by
                case when user_id is null then 1 else 0 end,
                last_seen_at desc,
                observation_count desc,
                user_id
        ) as user_rank,
        row_number() over (
            partition by identifier_type, identifier_value
            order by
                case when email is null then 1 else 0 end,
                last_seen_at desc,
                observation_count desc,
                email
        ) as email_rank
    from identifiers
)

select
    -- ids
    identifier_type,
    identifier_value,
    max(case when user_rank = 1 then user_id end) as linked_user_id,
    max(case when email_rank = 1 then email end) as linked_email,

    -- numbers
    sum(observation_count) as observation_count,

    -- timestamps
    min(first_seen_at) as first_seen_at,
    max(last_seen_at) as last_seen_at

from ranked
group by identifier_type, identifier_value
