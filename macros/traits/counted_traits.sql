{#
    What var counted_behaviors asks to count, one entry per name and window.

    counted_traits()
    →  [{'column': 'pricing_page_viewed_count_7d', 'behavior': 'pricing_page_viewed', 'window': 7}, …]
#}
{% macro counted_traits() -%}
    {%- set traits = [] -%}
    {%- for behavior, windows in var('counted_behaviors').items() -%}
        {%- for window in windows -%}
            {%- do traits.append({
                'column': count_trait(behavior, window), 'behavior': behavior, 'window': window
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(traits) }}
{%- endmacro %}
