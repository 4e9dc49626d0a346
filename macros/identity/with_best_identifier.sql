{#
    The query for rows with the identifier that says best whom each is about: the first of the types
    whose value is not disregarded, else the first that is not void; empty when all are void.
    `disregarded` has the columns of int_identifiers_disregarded.

    with_best_identifier('events', 'disregarded', ['user_id', 'email'])
    →  the columns of events, identifier_type, identifier_value
#}
{% macro with_best_identifier(rows, disregarded, types) -%}
    select
        judged.*,
        case judged.identifier_type
            {% for type in types %}
            when '{{ type }}' then judged.{{ type }}
            {% endfor %}
        end as identifier_value
    from (
        select
            {{ rows }}.*,
            case
                {% for type in types %}
                when {{ rows }}.{{ type }} is not null and {{ type }}s.reason is null
                    then '{{ type }}'
                {% endfor %}
                {% for type in types %}
                when not {{ type }}s.is_void then '{{ type }}'
                {% endfor %}
            end as identifier_type
        from {{ rows }}
        {% for type in types %}
        left join {{ disregarded }} as {{ type }}s
            on
                {{ type }}s.identifier_type = '{{ type }}'
                and {{ rows }}.{{ type }} = {{ type }}s.identifier_value
        {% endfor %}
    ) as judged
{%- endmacro %}
