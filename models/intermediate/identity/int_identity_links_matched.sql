-- One row per pair of known identifiers about which something was declared. The latest decision
-- holds, of two at once the one that separates; a suggestion only where nothing was decided.
with

declared as (
    select * from {{ ref('int_identity_links_declared') }}
),

nodes as (
    select * from {{ ref('int_identity_nodes') }}
),

matched as (
    select
        declared.*,
        least(nodes_a.node_seq, nodes_b.node_seq) as low_seq,
        greatest(nodes_a.node_seq, nodes_b.node_seq) as high_seq
    from declared
    inner join nodes as nodes_a
        on
            declared.identifier_type_a = nodes_a.identifier_type
            and declared.identifier_value_a = nodes_a.identifier_value
    inner join nodes as nodes_b
        on
            declared.identifier_type_b = nodes_b.identifier_type
            and declared.identifier_value_b = nodes_b.identifier_value
    where nodes_a.node_seq <> nodes_b.node_seq
),

ranked as (
    select
        *,
        row_number() over (
            partition by low_seq, high_seq
            order by
                case when action = 'suggest' then 1 else 0 end,
                declared_at desc,
                case when action = 'separate' then 0 else 1 end,
                action,
                source,
                observation
        ) as recency
    from matched
)

select
    -- ids
    low_seq,
    high_seq,
    source,
    observation,

    -- strings
    action,

    -- timestamps
    declared_at

from ranked
where recency = 1
