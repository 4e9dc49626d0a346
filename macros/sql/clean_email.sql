{#
    An e-mail address trimmed and in lower case; null when it is no usable identifier.

    {{ clean_email('email') }}  →  lower(<clean_identifier('email')>)
#}
{% macro clean_email(column) -%}
    lower({{ clean_identifier(column) }})
{%- endmacro %}
