-- One row per usable event with the identifier that says best who did it: a user id before a CRM
-- contact, an address, a phone number and a device, shared identifiers only where there is nothing
-- better, void ones never. Empty when every identifier is void.
{{ config(materialized='view') }}
with

events as (
    select * from {{ ref('int_events_described') }}
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
        'events', 'disregarded', 'displaced', {
            'user_id': 'user_id',
            'crm_contact_id': 'crm_contact_id',
            'email': 'email',
            'phone': 'phone',
            'anonymous_id': 'anonymous_id',
            'device_id': 'anonymous_id',
        }
    ) }}
)

select * from identified
