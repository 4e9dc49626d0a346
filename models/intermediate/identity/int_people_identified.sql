-- One row per statement about a person with the identifier that says best whom it is about; shared
-- identifiers only where there is nothing better, void ones never.
{{ config(materialized='view') }}
{% set types = ['user_id', 'crm_contact_id', 'email', 'phone'] %}
with

people as (
    select * from {{ ref('int_people_stated') }}
),

disregarded as (
    select * from {{ ref('int_identifiers_disregarded') }}
),

judged as (
    select
        people.*,
        case
            {% for type in types %}
            when people.{{ type }} is not null and {{ type }}s.reason is null then '{{ type }}'
            {% endfor %}
            {% for type in types %}
            when not {{ type }}s.is_void then '{{ type }}'
            {% endfor %}
        end as identifier_type
    from people
    {% for type in types %}
    left join disregarded as {{ type }}s
        on
            {{ type }}s.identifier_type = '{{ type }}'
            and people.{{ type }} = {{ type }}s.identifier_value
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
