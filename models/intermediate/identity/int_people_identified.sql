-- One row per statement about a person with the identifier that says best whom it is about; shared
-- identifiers only where there is nothing better, void ones never.
{{ config(materialized='view') }}
with

people as (
    select * from {{ ref('int_people_stated') }}
),

disregarded as (
    select * from {{ ref('int_identifiers_disregarded') }}
),

identified as (
    {{ with_best_identifier(
        'people', 'disregarded', ['user_id', 'crm_contact_id', 'email', 'phone']
    ) }}
)

select * from identified
