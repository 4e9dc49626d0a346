-- One row per profile with an e-mail address: the one to write to, the last seen of those that mail
-- reaches. Where it reaches none, the last seen one, with when and why the last of them closed.
with

addresses as (
    select * from {{ ref('int_identity_clusters') }}
    where identifier_type = 'email'
),

closed as (
    select * from {{ ref('int_addresses_closed') }}
),

judged as (
    select
        addresses.*,
        closed.closed_because,
        closed.closed_at,
        closed.email is null
        and {{ is_email_address('addresses.identifier_value') }} as is_deliverable
    from addresses
    left join closed on addresses.identifier_value = closed.email
),

ranked as (
    select
        *,
        row_number() over (
            partition by profile_key
            order by
                case when is_deliverable then 0 else 1 end,
                last_seen_at desc nulls last,
                -- Seen last at the same time: the CRM's word counts.
                case when is_crm then 0 else 1 end,
                observation_count desc,
                identifier_value
        ) as preference,
        row_number() over (
            partition by profile_key order by closed_at desc nulls last, closed_because
        ) as closing_rank
    from judged
)

select
    -- ids
    profile_key,
    max(case when preference = 1 then identifier_value end) as email,

    -- strings
    max(case when closing_rank = 1 then closed_because end) as closed_because,

    -- booleans
    {{ dbt.bool_or('is_deliverable') }} as is_deliverable,

    -- timestamps
    max(closed_at) as closed_at

from ranked
group by profile_key
