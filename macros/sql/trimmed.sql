{#
    A text without the blanks, tabs, line ends and no-break spaces around it. Engines' own trim()
    takes off now one, now all of them.

    {{ trimmed('email') }}  →  trim(email, ' ' || chr(9) || chr(10) || chr(13) || chr(160))
#}
{% macro trimmed(text) -%}
    {{ return(adapter.dispatch('trimmed')(
        text, dbt.concat(["' '", 'chr(9)', 'chr(10)', 'chr(13)', 'chr(160)'])
    )) }}
{%- endmacro %}

{% macro default__trimmed(text, blanks) -%}
    trim({{ text }}, {{ blanks }})
{%- endmacro %}

{% macro postgres__trimmed(text, blanks) -%}
    btrim({{ text }}, {{ blanks }})
{%- endmacro %}

{% macro spark__trimmed(text, blanks) -%}
    trim(both {{ blanks }} from {{ text }})
{%- endmacro %}
