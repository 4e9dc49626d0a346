{#
    True when a profile took steps one after the other, all in the last so many days (or 'ever').

    A step is a behavior, or (behavior, how often), or (behavior, how often, days after the step
    before). Each begins later than the one before ended: two events of one instant are in no order.
    'visit_started', the beginning of a visit, may be a step too.

    {{ did_in_order(['content_downloaded', 'page_viewed'], within_days=30) }}
    →  (did_content_downloaded_then_page_viewed_30d)
    {{ did_in_order([('page_viewed', 2), ('visit_started', 1, 3)], within_days=30) }}
    →  (did_2_page_viewed_then_visit_started_after_3d_30d)
#}
{% macro did_in_order(steps, within_days) -%}
    {%- set call = "did_in_order(" ~ steps ~ ", within_days=" ~ within_days ~ ")" -%}
    {{- check_window(call, within_days) -}}
    {%- set taken = steps_in_order(call, steps) -%}
    {%- set names = [] -%}
    {%- for step in taken -%}
        {%- do names.append(
            (step.times ~ '_' if step.times > 1 else '') ~ step.behavior
            ~ ('_after_' ~ step.after_days ~ 'd' if step.after_days else '')
        ) -%}
    {%- endfor -%}
    {%- set column = 'did_' ~ names | join('_then_') ~ '_' ~ within_days ~ ('d' if within_days != 'ever') -%}
    {#- Databases cut longer names off, and two of them may begin alike. -#}
    {%- if column | length > 63 -%}
        {%- set column = column[:54].rsplit('_', 1)[0] ~ '_' ~ local_md5(column)[:8] -%}
    {%- endif -%}
    {{- record_trait('order', column, call, {'steps': taken, 'window': within_days}) -}}
    ({{ column }})
{%- endmacro %}
