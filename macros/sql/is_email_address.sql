{#
    True when a text, cleaned as clean_email does it, is an address that can receive mail. Never
    null.

    {{ is_email_address('email') }}
    →  coalesce(regexp_matches(email, '^<address_pattern>$'), false)
#}
{% macro is_email_address(column) -%}
    coalesce({{ regex_matches(column, '^' ~ address_pattern() ~ '$') }}, false)
{%- endmacro %}
