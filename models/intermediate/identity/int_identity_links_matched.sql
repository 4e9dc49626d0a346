-- One row per pair of observed identifiers about which something was declared: what nobody sees any
-- more, or what identifies nobody, ties nothing together. The latest decision
-- holds, of two at once the one that separates; a suggestion only where nothing was decided.
with

declared as (
    select * from {{ ref('int_identity_links_declared') }}
),

nodes as (
    select nodes.*
    from {{ ref('int_identity_nodes') }} as nodes
    inner join {{ ref('int_identifiers_summarized') }} as identifiers
        on
            nodes.identifier_type = identifiers.identifier_type
            and nodes.identifier_value = identifiers.identifier_value
),

matched as (
    select
        declared.*,
        nodes_a.node_key as key_a,
        nodes_b.node_key as key_b,
        {{ names_before('nodes_a', 'nodes_b') }} as is_a_first
    from declared
    inner join nodes as nodes_a
        on
            declared.identifier_type_a = nodes_a.identifier_type
            and declared.identifier_value_a = nodes_a.identifier_value
    inner join nodes as nodes_b
        on
            declared.identifier_type_b = nodes_b.identifier_type
            and declared.identifier_value_b = nodes_b.identifier_value
    where nodes_a.node_key <> nodes_b.node_key
),

ordered as (
    select
        *,
        case when is_a_first then key_a else key_b end as low_key,
        case when is_a_first then key_b else key_a end as high_key
    from matched
),

ranked as (
    select
        *,
        row_number() over (
            partition by low_key, high_key
            order by
                case when action = 'suggest' then 1 else 0 end,
                declared_at desc nulls last,
                case when action = 'separate' then 0 else 1 end,
                action,
                source,
                observation nulls last
        ) as recency
    from ordered
)

select
    -- ids
    low_key,
    high_key,
    source,
    observation,

    -- strings
    action,

    -- timestamps
    declared_at

from ranked
where recency = 1
