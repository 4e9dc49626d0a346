{#
    One row per part of a text, for the list of a select; no row for null.

    select contact_id, {{ split_to_rows('additional_emails', ';') }} as email
    →  select contact_id, unnest(string_split(additional_emails, ';')) as email

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
