{#
    What was done in order, in words.

    steps_in_words([{behavior: 'page_viewed', times: 2, after_days: 0}, …])
    →  2 times page_viewed, then visit_started at least 3 days later
#}
{% macro steps_in_words(steps) -%}
    {%- set words = [] -%}
    {%- for step in steps -%}
        {%- do words.append(
            (step.times ~ ' times ' if step.times > 1 else '') ~ step.behavior
            ~ (' at least ' ~ step.after_days ~ ' days later' if step.after_days else '')
        ) -%}
    {%- endfor -%}
    {{ return(words | join(', then ')) }}
{%- endmacro %}
