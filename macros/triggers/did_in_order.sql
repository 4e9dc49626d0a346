{#
    True when a profile did one thing and later another, both in the last so many days (or 'ever').

    {{ did_in_order('content_downloaded', 'page_viewed', within_days=30) }}
    →  (did_content_downloaded_then_page_viewed_30d)
#}
{% macro did_in_order(first, then, within_days) -%}
    {%- set call = "did_in_order('" ~ first ~ "', '" ~ then ~ "', within_days=" ~ within_days ~ ")" -%}
    {{- check_behavior(call, first) -}}
    {{- check_behavior(call, then) -}}
    {{- check_window(call, within_days) -}}
    {%- set length = within_days ~ ('d' if within_days != 'ever' else '') -%}
    {%- set column = 'did_' ~ first ~ '_then_' ~ then ~ '_' ~ length -%}
    {{- record_trait('order', column, call, {'first': first, 'then': then, 'window': within_days}) -}}
    ({{ column }})
{%- endmacro %}
