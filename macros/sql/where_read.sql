{#
    A column that tells kinds of events apart, where some rule looks at it; else the empty text.

    {{ where_read('names.reads_object', 'events.object_id') }}
    →  case when names.reads_object then coalesce(events.object_id, '') else '' end
#}
{% macro where_read(is_read, column) -%}
    case when {{ is_read }} then coalesce({{ column }}, '') else '' end
{%- endmacro %}
