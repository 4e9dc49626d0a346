{#
    True when a pattern is found in a text; null for null. Patterns are written as in regex_replace.

    {{ regex_matches('email', '^[^@ ]+@[^@ ]+$') }}  →  regexp_matches(email, '^[^@ ]+@[^@ ]+$')
#}
{% macro regex_matches(text, pattern) -%}
    {{ return(adapter.dispatch('regex_matches')(text, text_literal(pattern))) }}
{%- endmacro %}

{% macro default__regex_matches(text, literal) -%}
    regexp_matches({{ text }}, {{ literal }})
{%- endmacro %}

{% macro postgres__regex_matches(text, literal) -%}
    {{ text }} ~ {{ literal }}
{%- endmacro %}

{% macro spark__regex_matches(text, literal) -%}
    {{ text }} rlike {{ literal }}
{%- endmacro %}

{% macro trino__regex_matches(text, literal) -%}
    regexp_like({{ text }}, {{ literal }})
{%- endmacro %}

{% macro bigquery__regex_matches(text, literal) -%}
    regexp_contains({{ text }}, {{ literal }})
{%- endmacro %}

{# Snowflake's own function wants the whole text to fit. #}
{% macro snowflake__regex_matches(text, literal) -%}
    regexp_instr({{ text }}, {{ literal }}) > 0
{%- endmacro %}
