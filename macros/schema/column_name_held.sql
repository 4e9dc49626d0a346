{#
    The name under which the database keeps a column: PostgreSQL cuts it after 63 characters.

    column_name_held('user_id')  →  user_id
#}
{% macro column_name_held(name) -%}
    {{ return(adapter.dispatch('column_name_held')(name)) }}
{%- endmacro %}

{% macro default__column_name_held(name) -%}
    {{ return(name) }}
{%- endmacro %}

{% macro postgres__column_name_held(name) -%}
    {{ return(name[:63]) }}
{%- endmacro %}
