{#
    An identifier as text without surrounding blanks; null when nothing is left.

    {{ clean_id('user_id') }}  →  nullif(trim(cast(user_id as varchar)), '')
#}
{% macro clean_id(column) -%}
    nullif(trim(cast({{ column }} as {{ dbt.type_string() }})), '')
{%- endmacro %}
