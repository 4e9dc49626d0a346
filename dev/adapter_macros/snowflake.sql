{# What dbt-snowflake makes of dbt's own macros, as far as the project uses them. #}
{% macro snowflake__type_string() -%}
    text
{%- endmacro %}

{% macro snowflake__type_float() -%}
    float
{%- endmacro %}

{% macro snowflake__concat(fields) -%}
    {{ fields | join(' || ') }}
{%- endmacro %}

{% macro snowflake__hash(field) -%}
    md5(cast({{ field }} as text))
{%- endmacro %}

{% macro snowflake__bool_or(expression) -%}
    boolor_agg({{ expression }})
{%- endmacro %}
