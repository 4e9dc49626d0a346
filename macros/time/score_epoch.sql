{#
    The fixed instant that stored engagement points refer to.

    {{ score_epoch() }}  →  cast('2025-01-01 00:00:00' as timestamp)
#}
{% macro score_epoch() -%}
    cast('2025-01-01 00:00:00' as timestamp)
{%- endmacro %}
