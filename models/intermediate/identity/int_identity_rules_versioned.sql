-- One row: the version of the identity rules, which changes with any of them.
{{ config(materialized='view') }}
with

rules as (
    select {{ dbt.concat([
        'rule', "'|'", 'kind', "'|'", 'identifier_type', "'|'",
        "coalesce(pattern, case when kind = 'void' then 'null' else '' end)", "'|'",
        "coalesce(counted_type, '')", "'|'",
        "coalesce(" ~ number_text('threshold') ~ ", '')", "'|'",
        "coalesce(" ~ number_text('priority') ~ ", '')",
    ]) }} as line
    from {{ ref('identity_rules') }}
)

select substring({{ dbt.hash(text_list('line', ',', 'line')) }}, 1, 8) as rules_version

from rules
