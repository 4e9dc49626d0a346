{#
    An e-mail address trimmed and in lower case; null when nothing is left.

    {{ clean_email('email') }}  →  lower(nullif(trim(cast(email as varchar)), ''))
#}
{% macro clean_email(column) -%}
    {{ lower_text(clean_text(column)) }}
{%- endmacro %}
