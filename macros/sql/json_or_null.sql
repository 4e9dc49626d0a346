{#
    A text when it is readable JSON, else null.

    {{ json_or_null('properties') }}
    →  case when coalesce(json_valid(properties), false) then cast(properties as varchar) end
#}
{% macro json_or_null(column) -%}
    case when {{ is_json(column) }} then cast({{ column }} as {{ dbt.type_string() }}) end
{%- endmacro %}
