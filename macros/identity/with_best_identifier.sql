{#
    The query for rows with the identifier that says best whom each is about: the first of the
    columns whose value is not disregarded, else the first that is not void; empty when all are
    void. `columns` names the type of identifier that each column holds.
    `disregarded` has the columns of int_identifiers_disregarded, `displaced` those of
    int_identity_nodes, where its keys are not what node_key gives.

    with_best_identifier('events', 'disregarded', 'displaced', {'user_id': 'user_id', 'device_id': 'anonymous_id'})
    →  the columns of events, identifier_column, identifier_type, identifier_value, node_key
#}
{% macro with_best_identifier(rows, disregarded, displaced, columns) -%}
    select
        identified.*,
        coalesce(
            {{ displaced }}.node_key,
            {{ node_key('identified.identifier_type', 'identified.identifier_value') }}
        ) as node_key
    from (
        select
            judged.*,
            case judged.identifier_column
                {% for column, type in columns.items() %}
                when '{{ column }}' then '{{ type }}'
                {% endfor %}
            end as identifier_type,
            case judged.identifier_column
                {% for column in columns %}
                when '{{ column }}' then judged.{{ column }}
                {% endfor %}
            end as identifier_value
        from (
            select
                {{ rows }}.*,
                case
                    {% for column in columns %}
                    when {{ rows }}.{{ column }} is not null and {{ column }}s.reason is null
                        then '{{ column }}'
                    {% endfor %}
                    {% for column in columns %}
                    when not {{ column }}s.is_void then '{{ column }}'
                    {% endfor %}
                end as identifier_column
            from {{ rows }}
            {% for column, type in columns.items() %}
            left join {{ disregarded }} as {{ column }}s
                on
                    {{ column }}s.identifier_type = '{{ type }}'
                    and {{ rows }}.{{ column }} = {{ column }}s.identifier_value
            {% endfor %}
        ) as judged
    ) as identified
    left join {{ displaced }}
        on
            identified.identifier_type = {{ displaced }}.identifier_type
            and identified.identifier_value = {{ displaced }}.identifier_value
{%- endmacro %}
