{#
    What stands behind a table whose rows split_to_rows splits, where the list of a select cannot do
    that alone.

    from contacts {{ split_source('additional_emails', ';') }}
    →  from contacts; on BigQuery  from contacts cross join unnest(split(additional_emails, ';')) as part
#}
{% macro split_source(column, separator) -%}
    {{ return(adapter.dispatch('split_source')(column, separator)) }}
{%- endmacro %}

{% macro default__split_source(column, separator) %}{% endmacro %}

{% macro bigquery__split_source(column, separator) -%}
    cross join unnest(split({{ column }}, '{{ separator }}')) as part
{%- endmacro %}

{% macro snowflake__split_source(column, separator) -%}
    , lateral split_to_table({{ column }}, '{{ separator }}') as parts
{%- endmacro %}

{% macro trino__split_source(column, separator) -%}
    cross join unnest(split({{ column }}, '{{ separator }}')) as parts (part)
{%- endmacro %}
