{#
    One field of a posted form that has a & before each field, decoded; null when it is not there or
    empty.

    {{ form_field("'&type=cleaned&id=5'", 'type') }}  →  cleaned
#}
{% macro form_field(form, name) -%}
    nullif(
        {{ form_decoded(part_of(part_of(form, "'&" ~ name ~ "='", 2), "'&'", 1)) }}, ''
    )
{%- endmacro %}
