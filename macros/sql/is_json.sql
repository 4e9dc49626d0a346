{#
    True when a text is readable JSON. False, not null, for null.

    {{ is_json('payload') }}  →  coalesce(json_valid(payload), false)
#}
{% macro is_json(column) -%}
    {{ return(adapter.dispatch('is_json')(column)) }}
{%- endmacro %}

{% macro default__is_json(column) -%}
    coalesce(json_valid({{ column }}), false)
{%- endmacro %}
