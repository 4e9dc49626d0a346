{#
    Pages that two models give different goals. The count of bounces is named after the page alone,
    so a page has one goal.

    bounce_problems()
    →  ["demo_page_bouncers: bounced_from('demo_page_viewed', goal='demo_requested') and …"]
#}
{% macro bounce_problems() -%}
    {%- set problems = [] -%}
    {%- set first = {} -%}
    {%- for bounce in recorded_traits('bounce') -%}
        {%- set known = first.setdefault(bounce.page, bounce) -%}
        {%- if known.goal != bounce.goal -%}
            {%- do problems.append(
                bounce.reader ~ ': ' ~ bounce.call ~ ', but ' ~ known.reader ~ ' says '
                ~ known.call ~ '. A page has one goal: write the same one in both.'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}
