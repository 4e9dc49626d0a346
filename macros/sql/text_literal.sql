{#
    A text as an SQL literal, whatever quotes and backslashes it holds.

    {{ text_literal("L'Oréal [0-9]\d") }}  →  'L''Oréal [0-9]\d'
#}
{% macro text_literal(value) -%}
    {{ return(adapter.dispatch('text_literal')(value | string)) }}
{%- endmacro %}

{% macro default__text_literal(value) -%}
    '{{ value.replace("'", "''") }}'
{%- endmacro %}

{# Spark reads '' inside a literal as nothing, backslashes as escapes, and ${name} as a setting. #}
{% macro spark__text_literal(value) -%}
    '{{ value.replace("\\", "\\\\").replace("'", "\\'").replace("${", "$\\{") }}'
{%- endmacro %}

{% macro bigquery__text_literal(value) -%}
    '{{ value.replace("\\", "\\\\").replace("'", "\\'") }}'
{%- endmacro %}

{% macro snowflake__text_literal(value) -%}
    '{{ value.replace("\\", "\\\\").replace("'", "''") }}'
{%- endmacro %}
