{# What dbt-trino makes of dbt's own macros, as far as the project uses them. #}
{% macro trino__type_string() -%}
    varchar
{%- endmacro %}

{% macro trino__type_float() -%}
    double
{%- endmacro %}

{% macro trino__concat(fields) -%}
    concat({{ fields | join(', ') }})
{%- endmacro %}

{% macro trino__hash(field) -%}
    lower(to_hex(md5(to_utf8(cast({{ field }} as varchar)))))
{%- endmacro %}

{% macro trino__bool_or(expression) -%}
    bool_or({{ expression }})
{%- endmacro %}
