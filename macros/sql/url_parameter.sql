{#
    One of the parameters that url_parameters gives; null when it is not there or empty.

    {{ url_parameter('parameters', "'&utm_source='") }}
    →  nullif(split_part(split_part(parameters, '&utm_source=', 2), '&', 1), '')
#}
{% macro url_parameter(parameters, name) -%}
    nullif({{ trimmed(part_of(part_of(parameters, name, 2), "'&'", 1)) }}, '')
{%- endmacro %}
