{#
    The groups of models/_groups.yml that may own a segment, sorted.

    group_names()  →  ['data', 'marketing', 'sales', 'success']
#}
{% macro group_names() -%}
    {{ return(graph.groups.values() | map(attribute='name') | sort) }}
{%- endmacro %}
