{#
    An address or path up to its query or fragment.

    {{ without_query('page_url') }}  →  split_part(split_part(page_url, '?', 1), '#', 1)
#}
{% macro without_query(address) -%}
    {{ part_of(part_of(address, "'?'", 1), "'#'", 1) }}
{%- endmacro %}
