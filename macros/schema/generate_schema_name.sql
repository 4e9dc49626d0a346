{#
    Schemas are named plainly, so that segments.lapsed_leads reads the same on every engine.

    +schema: segments  →  segments        (none)  →  the target's schema
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
