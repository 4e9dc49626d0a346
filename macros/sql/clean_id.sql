{#
    An identifier as text without surrounding blanks; null when nothing is left.

    {{ clean_id('user_id') }}  →  nullif(trim(cast(user_id as varchar)), '')

    A word such as `undefined` stays as it came: seeds/identity_rules.csv says what identifies
    nobody. What is read and not looked up (names, titles) is for clean_text.
#}
{% macro clean_id(column) -%}
    {{ clean_text(column) }}
{%- endmacro %}
