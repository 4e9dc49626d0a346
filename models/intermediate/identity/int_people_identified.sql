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

displaced as (
    select * from {{ ref('int_identity_nodes') }}
    where is_displaced
),

identified as (
    {{ with_best_identifier(
        'people', 'disregarded', 'displaced', {
            'user_id': 'user_id',
            'crm_contact_id': 'crm_contact_id',
            'email': 'email',
            'phone': 'phone',
        }
    ) }}
)

select * from identified
