{#
    The steps of did_in_order, each with all that can be said of one. Stops the parse when they are
    no steps.

    steps_in_order('did_in_order(…)', ['page_viewed', ('visit_started', 1, 3)])
    →  [{behavior: 'page_viewed', times: 1, after_days: 0},
        {behavior: 'visit_started', times: 1, after_days: 3}]
#}
{% macro steps_in_order(call, steps) -%}
    {%- if steps is string or steps is mapping or steps is not sequence or steps | length < 2 -%}
        {{ exceptions.raise_compiler_error(
            call ~ ": give a list of two steps or more, such as ['content_downloaded', 'page_viewed']"
        ) }}
    {%- endif -%}
    {%- set taken = [] -%}
    {%- for step in steps -%}
        {%- set parts = [step] if step is string or step is not sequence else step | list -%}
        {%- if parts | length not in [1, 2, 3] -%}
            {{ exceptions.raise_compiler_error(
                call ~ ": a step is a behavior, (behavior, how often), or (behavior, how often, days "
                ~ "after the step before), not " ~ step
            ) }}
        {%- endif -%}
        {%- set times = parts[1] if parts | length > 1 else 1 -%}
        {%- set after_days = parts[2] if parts | length > 2 else 0 -%}
        {{- check_behavior(call, parts[0]) -}}
        {{- check_number(call, 'how often', times, 1) -}}
        {{- check_number(call, 'the days after the step before', after_days, 0) -}}
        {%- if loop.first and after_days -%}
            {{ exceptions.raise_compiler_error(call ~ ": the first step has none before it to be days after") }}
        {%- endif -%}
        {%- do taken.append({'behavior': parts[0], 'times': times, 'after_days': after_days}) -%}
    {%- endfor -%}
    {{ return(taken) }}
{%- endmacro %}
