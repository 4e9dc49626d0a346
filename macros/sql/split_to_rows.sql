{#
    One row per part of a text, for the list of a select; no row for null. Where a list of a select
    cannot give rows, split_source is what does, so it goes behind the table.

    select contacts.*, {{ split_to_rows('additional_emails', ';') }} as email
    from contacts {{ split_source('additional_emails', ';') }}
    →  select contacts.*, unnest(string_split(additional_emails, ';')) as email from contacts

    The parts keep their blanks, and an empty part is a row.
#}
{% macro split_to_rows(column, separator) -%}
    {{ return(adapter.dispatch('split_to_rows')(column, separator)) }}
{%- endmacro %}

{% macro default__split_to_rows(column, separator) -%}
    unnest(string_split({{ column }}, '{{ separator }}'))
{%- endmacro %}

{% macro postgres__split_to_rows(column, separator) -%}
    unnest(string_to_array({{ column }}, '{{ separator }}'))
{%- endmacro %}

{% macro spark__split_to_rows(column, separator) -%}
    explode(split({{ column }}, '[{{ separator }}]'))
{%- endmacro %}

{% macro bigquery__split_to_rows(column, separator) -%}
    part
{%- endmacro %}

{% macro snowflake__split_to_rows(column, separator) -%}
    parts.value
{%- endmacro %}

{% macro trino__split_to_rows(column, separator) -%}
    parts.part
{%- endmacro %}
