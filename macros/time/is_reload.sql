{#
    True when a page was viewed within var reload_seconds of the view before: both are one view. Never
    true where there is none before, or where the var is 0.

    {{ is_reload('previous_viewed_at', 'occurred_at') }}
    →  coalesce(seconds between the two <= 30, false)
#}
{% macro is_reload(previous_at, viewed_at) -%}
    {%- if var('reload_seconds') > 0 -%}
    coalesce({{ seconds_between(previous_at, viewed_at) }} <= {{ var('reload_seconds') }}, false)
    {%- else -%}
    false
    {%- endif -%}
{%- endmacro %}
