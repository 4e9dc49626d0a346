{#
    Stop when an edge lacks a node at one of its ends: a lost link would be a person too many.

    refuse_loose_ends(edges)  →  nothing, or an error that names the model
#}
{% macro refuse_loose_ends(edges) -%}
    {%- set count = count_rows(edges, 'node_a is null or node_b is null') -%}
    {%- if count -%}
        {{ exceptions.raise_compiler_error(
            this ~ ': ' ~ count ~ ' edges have a null in node_a or node_b; every edge needs both of its nodes'
        ) }}
    {%- endif -%}
{%- endmacro %}
