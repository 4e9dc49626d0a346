{#
    True when components cannot be brought up to date and are made anew: on a full refresh, on a
    first build, and where the tables take no `delete`.

    starts_over(this, edges_of_last_build(this))  →  true on the first build
#}
{% macro starts_over(labels, known_edges) -%}
    {{ return(
        should_full_refresh()
        or not can_delete()
        or adapter.get_relation(labels.database, labels.schema, labels.identifier) is none
        or adapter.get_relation(known_edges.database, known_edges.schema, known_edges.identifier) is none
    ) }}
{%- endmacro %}
