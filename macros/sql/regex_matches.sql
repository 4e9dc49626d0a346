{#
    True when a pattern is found in a text; null for null. Patterns are written as in regex_replace.

    {{ regex_matches('email', '^[^@ ]+@[^@ ]+$') }}  →  regexp_matches(email, '^[^@ ]+@[^@ ]+$')
#}
{% macro regex_matches(text, pattern) -%}
    {{ return(adapter.dispatch('regex_matches')(text, pattern)) }}
{%- endmacro %}

{% macro default__regex_matches(text, pattern) -%}
    regexp_matches({{ text }}, {{ text_literal(pattern) }})
{%- endmacro %}

{% macro postgres__regex_matches(text, pattern) -%}
    {{ text }} ~ {{ text_literal(pattern) }}
{%- endmacro %}

{# Java's $ also fits before a line end at the end. #}
{% macro spark__regex_matches(text, pattern) -%}
    {{ text }} rlike {{ text_literal(pattern | replace('$', '\\z')) }}
{%- endmacro %}

{% macro trino__regex_matches(text, pattern) -%}
    regexp_like({{ text }}, {{ text_literal(pattern | replace('$', '\\z')) }})
{%- endmacro %}

{% macro bigquery__regex_matches(text, pattern) -%}
    regexp_contains({{ text }}, {{ text_literal(pattern) }})
{%- endmacro %}

{# Snowflake's own function wants the whole text to fit. #}
{% macro snowflake__regex_matches(text, pattern) -%}
    regexp_instr({{ text }}, {{ text_literal(pattern) }}) > 0
{%- endmacro %}
