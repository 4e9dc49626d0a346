{#
    A text that is sorted and compared by its bytes, whatever language the database is set to: the
    order of texts decides which of two ids names a person.

    {{ by_bytes('segment') }}  →  segment; on PostgreSQL  segment collate "C"
#}
{% macro by_bytes(text) -%}
    {{ return(adapter.dispatch('by_bytes')(text)) }}
{%- endmacro %}

{% macro default__by_bytes(text) -%}
    {{ text }}
{%- endmacro %}

{% macro postgres__by_bytes(text) -%}
    {{ text }} collate "C"
{%- endmacro %}
