{#
    True when a text looks like an address that can receive mail. Never null.

    {{ is_email_address('email') }}
    →  coalesce(regexp_matches(email, '^[^@ ]+@[^@ ]+[.][^@. ]+$'), false)
#}
{% macro is_email_address(column) -%}
    coalesce({{ regex_matches(column, '^[^@ ]+@[^@ ]+[.][^@. ]+$') }}, false)
{%- endmacro %}
