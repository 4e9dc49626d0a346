-- Warns about user ids and addresses that were seen with so many addresses or devices that a broken
-- tracker seems to send them for everybody. They link nobody; a line of kind void in
-- seeds/identity_rules.csv takes them out for good.
-- A row is such an identifier, with the rule that it breaks.
{{ config(severity='warn') }}

select
    nodes.identifier_type,
    nodes.identifier_value,
    screened.rule

from {{ ref('int_identity_nodes_screened') }} as screened
inner join {{ ref('int_identity_nodes') }} as nodes on screened.node_key = nodes.node_key
where
    screened.reason = 'hub'
    and nodes.identifier_type in ('user_id', 'email')
    -- Several accounts with one address are a household or an office.
    and screened.rule <> 'address_of_many_users'
