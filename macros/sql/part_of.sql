{#
    One part of a text between separators, counted from 1; the empty text when there is none.

    {{ part_of('email', "'@'", 2) }}  →  split_part(email, '@', 2)
#}
{% macro part_of(text, separator, place) -%}
    {{ return(adapter.dispatch('part_of')(text, separator, place)) }}
{%- endmacro %}

{% macro default__part_of(text, separator, place) -%}
    split_part({{ text }}, {{ separator }}, {{ place }})
{%- endmacro %}

{% macro trino__part_of(text, separator, place) -%}
    coalesce(split_part({{ text }}, {{ separator }}, {{ place }}), if({{ text }} is not null, ''))
{%- endmacro %}

{% macro bigquery__part_of(text, separator, place) -%}
    if({{ text }} is null, null, coalesce(split({{ text }}, {{ separator }})[safe_ordinal({{ place }})], ''))
{%- endmacro %}
