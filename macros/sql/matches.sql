{#
    True when a text fits a pattern in which * stands for any characters.

    {{ matches('page_path', 'page_path_pattern') }}
    →  page_path like replace(replace(replace(replace(page_path_pattern, '!', '!!'), '%', '!%'), '_', '!_'), '*', '%') escape '!'
#}
{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches')(text, pattern)) }}
{%- endmacro %}

{% macro default__matches(text, pattern) -%}
    {{ text }} like replace(
        replace(replace(replace({{ pattern }}, '!', '!!'), '%', '!%'), '_', '!_'), '*', '%'
    ) escape '!'
{%- endmacro %}

{# In BigQuery a backslash escapes, and nothing else does. #}
{% macro bigquery__matches(text, pattern) -%}
    {{ text }} like replace(
        replace(
            replace(replace({{ pattern }}, {{ text_literal("\\") }}, {{ text_literal("\\\\") }}), '%', {{ text_literal("\\%") }}),
            '_', {{ text_literal("\\_") }}
        ),
        '*', '%'
    )
{%- endmacro %}
