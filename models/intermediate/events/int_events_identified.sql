-- One row per usable event with the identifier that says best who did it: a user id before an
-- address, a phone number and a device, shared identifiers only where there is nothing better, void
-- ones never. Empty when every identifier is void.
{{ config(materialized='view') }}
{% set types = ['user_id', 'email', 'phone', 'anonymous_id'] %}
with

events as (
    select * from {{ ref('int_events') }}
),

disregarded as (
    select * from {{ ref('int_identifiers_disregarded') }}
),

judged as (
    select
        events.*,
        case
            {% for type in types %}
            when events.{{ type }} is not null and {{ type }}s.reason is null then '{{ type }}'
            {% endfor %}
            {% for type in types %}
            when not {{ type }}s.is_void then '{{ type }}'
            {% endfor %}
        end as identifier_type
    from events
    {% for type in types %}
    left join disregarded as {{ type }}s
        on
            {{ type }}s.identifier_type = '{{ type }}'
            and events.{{ type }} = {{ type }}s.identifier_value
    {% endfor %}
)

select
    *,
    case identifier_type
        {% for type in types %}
        when '{{ type }}' then {{ type }}
        {% endfor %}
    end as identifier_value

from judged
