{#
    The whole number that some bytes of a file's content are, the lowest byte first; bytes behind the
    end are 0.

    {{ blob_number('place', 2) }}
    →  (1 * coalesce(cast('0x' || … as bigint), 0) + 256 * coalesce(cast('0x' || … as bigint), 0))
#}
{% macro blob_number(place, bytes) -%}
    ({%- for byte in range(bytes) -%}
        {{ ' + ' if not loop.first }}{{ 256 ** byte }} * coalesce(
            cast('0x' || nullif(hex(content[{{ place }} + {{ byte }}:{{ place }} + {{ byte }}]), '') as bigint), 0
        )
    {%- endfor -%})
{%- endmacro %}
