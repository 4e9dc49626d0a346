{#
    The order in which identifiers name a person, for `order by` and for comparing two rows: loaded
    first, then seen first in what that load told, then type and value. Load times come first,
    because late news about the distant past must not rename anybody. All of it is data, so the same
    inputs give the same names in every warehouse.

    order by {{ naming_order('nodes') }}
    →  order by nodes.first_loaded_at, nodes.first_load_seen_at, nodes.identifier_type, nodes.identifier_value
    ({{ naming_order('a') }}) < ({{ naming_order('b') }})  →  true when a names the person before b
#}
{% macro naming_order(nodes) -%}
    {{ nodes }}.first_loaded_at, {{ nodes }}.first_load_seen_at, {{ nodes }}.identifier_type, {{ nodes }}.identifier_value
{%- endmacro %}
