{#
    True when a text fits a pattern in which * stands for any characters.

    {{ matches('page_path', 'page_path_pattern') }}
    →  page_path like replace(replace(replace(replace(page_path_pattern, '!', '!!'), '%', '!%'), '_', '!_'), '*', '%') escape '!'
#}
{% macro matches(text, pattern) -%}
    {{ text }} like replace(
        replace(replace(replace({{ pattern }}, '!', '!!'), '%', '!%'), '_', '!_'), '*', '%'
    ) escape '!'
{%- endmacro %}
