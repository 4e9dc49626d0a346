{#
    True when components cannot be brought up to date and are made anew: on a full refresh, on a
    first build, and on engines whose tables take no `delete`.

    starts_over(this, edges_of_last_build(this))  →  true on the first build
#}
{% macro starts_over(labels, known_edges) -%}
    {{ return(adapter.dispatch('starts_over')(labels, known_edges)) }}
{%- endmacro %}

{% macro default__starts_over(labels, known_edges) -%}
    {{ return(
        should_full_refresh()
        or adapter.get_relation(labels.database, labels.schema, labels.identifier) is none
        or adapter.get_relation(known_edges.database, known_edges.schema, known_edges.identifier) is none
    ) }}
{%- endmacro %}

{% macro spark__starts_over(labels, known_edges) -%}
    {{ return(true) }}
{%- endmacro %}
