{#
    A list for `order by` in which what is empty comes last, which engines decide differently.

    {{ sorted_by(['suppressed_at', 'reason']) }}  →  suppressed_at nulls last, reason nulls last
    {{ sorted_by(['loaded_at'], 'desc') }}        →  loaded_at desc nulls last
#}
{% macro sorted_by(columns, direction='asc') -%}
    {%- for column in columns -%}
        {{ column }}{{ ' desc' if direction == 'desc' }} nulls last{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
