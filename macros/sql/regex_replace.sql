{#
    A text with every match of a pattern replaced; \1 in the replacement is the first group.

    {{ regex_replace('phone', '[^0-9]', '') }}  →  regexp_replace(phone, '[^0-9]', '', 'g')

    Write only what RE2, POSIX and Java read alike: classes in brackets ([0-9], [.], [(]), groups,
    | ? * + {m,n} ^ $; no \d, no look-around, no lazy quantifiers.
#}
{% macro regex_replace(text, pattern, replacement) -%}
    {{ return(adapter.dispatch('regex_replace')(text, pattern, replacement)) }}
{%- endmacro %}

{% macro default__regex_replace(text, pattern, replacement) -%}
    regexp_replace({{ text }}, {{ text_literal(pattern) }}, {{ text_literal(replacement) }}, 'g')
{%- endmacro %}

{# Java's $ also fits before a line end at the end. #}
{% macro spark__regex_replace(text, pattern, replacement) -%}
    regexp_replace(
        {{ text }}, {{ text_literal(pattern | replace('$', '\\z')) }},
        {{ text_literal(replacement | replace('\\', '$')) }}
    )
{%- endmacro %}

{% macro trino__regex_replace(text, pattern, replacement) -%}
    {{ spark__regex_replace(text, pattern, replacement) }}
{%- endmacro %}

{% macro bigquery__regex_replace(text, pattern, replacement) -%}
    regexp_replace({{ text }}, {{ text_literal(pattern) }}, {{ text_literal(replacement) }})
{%- endmacro %}

{% macro snowflake__regex_replace(text, pattern, replacement) -%}
    regexp_replace({{ text }}, {{ text_literal(pattern) }}, {{ text_literal(replacement) }})
{%- endmacro %}
