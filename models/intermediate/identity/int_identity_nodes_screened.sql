-- One row per identifier that links nobody, with the rule that says so: a blocked value, or one
-- that was seen with so many others, ever or on one day, that it is a hub. Rules spell an address
-- local@*, *@domain, or local#@* for any number behind the local part, so that they are found by
-- equality.
with

rules as (
    select * from {{ ref('identity_rules') }}
),

nodes as (
    select * from {{ ref('int_identity_nodes') }}
),

edges as (
    select * from {{ ref('int_identity_edges') }}
    where revoked_at is null
),

spelled as (
    {% set local_part = part_of('identifier_value', "'@'", 1) %}
    {% for pattern in [
        lower_text('identifier_value'),
        dbt.concat([local_part, "'@*'"]),
        dbt.concat([regex_replace(local_part, '[0-9]+$', '#'), "'@*'"]),
        dbt.concat(["'*@'", part_of('identifier_value', "'@'", 2)]),
    ] %}
    select
        node_key,
        identifier_type,
        {{ pattern }} as pattern
    from nodes
    {{ "where identifier_type = 'email'" if not loop.first }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

blocked as (
    select
        spelled.node_key,
        min(rules.rule) as rule
    from spelled
    inner join rules
        on
            spelled.pattern = rules.pattern
            and rules.identifier_type in ('*', spelled.identifier_type)
    where rules.kind = 'block'
    group by spelled.node_key
),

neighbors as (
    {% for own, other in [('low', 'high'), ('high', 'low')] %}
    select
        {{ own }}_key as node_key,
        {{ other }}_key as neighbor_key,
        cast(first_seen_at as date) as first_seen_on
    from edges
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

counted as (
    {% for kind, day in [('hub', ''), ('rush', ', neighbors.first_seen_on')] %}
    select
        '{{ kind }}' as kind,
        neighbors.node_key,
        nodes.identifier_type as counted_type,
        count(*) as neighbor_count
    from neighbors
    inner join nodes on neighbors.neighbor_key = nodes.node_key
    left join blocked on neighbors.neighbor_key = blocked.node_key
    where blocked.node_key is null
    group by neighbors.node_key, nodes.identifier_type{{ day }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

hubs as (
    select
        nodes.node_key,
        min(rules.rule) as rule
    from counted
    inner join nodes on counted.node_key = nodes.node_key
    inner join rules
        on
            counted.kind = rules.kind
            and nodes.identifier_type = rules.identifier_type
            and counted.counted_type = rules.counted_type
            and counted.neighbor_count > rules.threshold
    group by nodes.node_key
)

select
    coalesce(blocked.node_key, hubs.node_key) as node_key,
    case when blocked.node_key is null then 'hub' else 'blocked_value' end as reason,
    coalesce(blocked.rule, hubs.rule) as rule

from blocked
full join hubs on blocked.node_key = hubs.node_key
