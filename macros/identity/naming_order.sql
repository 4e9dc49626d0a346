{#
    The order in which identifiers name a person, for `order by` and for comparing two rows: loaded
    first, then seen first in what that load told, then type and value. Load times come first,
    because late news about the distant past must not rename anybody. All of it is data, so the same
    inputs give the same names in every warehouse.

    order by {{ naming_order() }}
    →  order by first_loaded_at, first_load_seen_at, identifier_type, identifier_value
#}
{% macro naming_order(nodes=none) -%}
    {%- set of_nodes = nodes ~ '.' if nodes is not none else '' -%}
    {%- for column in ['first_loaded_at', 'first_load_seen_at', 'identifier_type', 'identifier_value'] -%}
        {{ of_nodes ~ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
