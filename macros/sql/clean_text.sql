{#
    Text without surrounding blanks; null when nothing is left.

    {{ clean_text('first_name') }}  →  nullif(trim(cast(first_name as varchar)), '')
#}
{% macro clean_text(column) -%}
    nullif({{ trimmed('cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ ')') }}, '')
{%- endmacro %}
