{#
    The models under marts/segments, sorted by name, as the manifest describes them. At parse time,
    when there is no manifest yet, one stand-in, so that the SQL around it is whole.

    {{ segment_nodes() | map(attribute='name') | list }}  →  ['absent_visitors', 'cart_abandoners', …]
#}
{% macro segment_nodes() -%}
    {%- set nodes = [] -%}
    {%- for node in graph.get('nodes', {}).values()
        if node.resource_type == 'model'
        and node.package_name == project_name
        and 'segments' in node.fqn[:-1] -%}
        {%- do nodes.append(node) -%}
    {%- endfor -%}
    {{ return(nodes | sort(attribute='name')) }}
{%- endmacro %}
