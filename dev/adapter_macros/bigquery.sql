{# What dbt-bigquery makes of dbt's own macros, as far as the project uses them. #}
{% macro bigquery__type_string() -%}
    string
{%- endmacro %}

{% macro bigquery__type_float() -%}
    float64
{%- endmacro %}

{% macro bigquery__concat(fields) -%}
    concat({{ fields | join(', ') }})
{%- endmacro %}

{% macro bigquery__hash(field) -%}
    to_hex(md5(cast({{ field }} as string)))
{%- endmacro %}

{% macro bigquery__bool_or(expression) -%}
    logical_or({{ expression }})
{%- endmacro %}
