-- One row: the version of the identity rules, which changes with any of them.
{{ config(materialized='view') }}
with

rules as (
    select {{ dbt.concat([
        'rule', "'|'", 'kind', "'|'", 'identifier_type', "'|'", "coalesce(pattern, '')", "'|'",
        "coalesce(counted_type, '')", "'|'",
        "coalesce(cast(threshold as " ~ dbt.type_string() ~ "), '')", "'|'",
        "coalesce(cast(priority as " ~ dbt.type_string() ~ "), '')",
    ]) }} as line
    from {{ ref('identity_rules') }}
)

select substring({{ dbt.hash(dbt.listagg('line', "','", 'order by line')) }}, 1, 8) as rules_version

from rules
