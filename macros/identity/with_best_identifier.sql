{#
    The query for rows with the identifier that says best whom each is about: the first of the types
    whose value is not disregarded, else the first that is not void; empty when all are void.
    `disregarded` has the columns of int_identifiers_disregarded, `displaced` those of
    int_identity_nodes, where its keys are not what node_key gives.

    with_best_identifier('events', 'disregarded', 'displaced', ['user_id', 'email'])
    →  the columns of events, identifier_type, node_key
#}
{% macro with_best_identifier(rows, disregarded, displaced, types) -%}
    select
        identified.*,
        coalesce(
            {{ displaced }}.node_key,
            {{ node_key('identified.identifier_type', 'identified.identifier_value') }}
        ) as node_key
    from (
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
    ) as identified
    left join {{ displaced }}
        on
            identified.identifier_type = {{ displaced }}.identifier_type
            and identified.identifier_value = {{ displaced }}.identifier_value
{%- endmacro %}
