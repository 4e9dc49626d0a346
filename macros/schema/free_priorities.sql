{#
    The three numbers nearest to a priority that no segment has.

    free_priorities(20)  →  [23, 25, 27]
#}
{% macro free_priorities(priority) -%}
    {%- set taken = [] -%}
    {%- for segment in segment_nodes() -%}
        {%- do taken.append(segment.config.meta.priority) -%}
    {%- endfor -%}
    {%- set free = [] -%}
    {%- for distance in range(1, 2 + taken | length) -%}
        {%- for number in [priority - distance, priority + distance]
            if number > 0 and number not in taken -%}
            {%- do free.append(number) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(free[:3] | sort) }}
{%- endmacro %}
