{#
    Stop because what was brought for a source table lacks a column that it needs, and name the one
    that is spelt most like it.

    missing_column('data/raw/events/events', <source>, 'occurred_at', ['event_id', 'occured_at'])
    →  … has no column occurred_at, which source events needs. Is it occured_at? Rename it. It has: …
#}
{% macro missing_column(place, source, name, present) -%}
    {%- set near = near_spellings(name, present) -%}
    {{ exceptions.raise_compiler_error(
        place ~ ' has no column ' ~ name ~ ', which source ' ~ source.source_name ~ ' needs. '
        ~ ('Is it ' ~ near[0] ~ '? Rename it to ' ~ name ~ '. ' if near else '')
        ~ 'It has: ' ~ present | join(', ')
    ) }}
{%- endmacro %}
