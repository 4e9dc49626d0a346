{#
    The theme folders of the segments, sorted.

    segment_themes()  →  ['b2c', 'carts', …]
#}
{% macro segment_themes() -%}
    {%- set themes = [] -%}
    {%- for segment in segment_nodes() if segment.fqn | length == 5 -%}
        {%- do themes.append(segment.fqn[3]) -%}
    {%- endfor -%}
    {{ return(themes | unique | sort) }}
{%- endmacro %}
