{#
    What is counted per person: each behavior and window that some model reads, once, by name.
    Windows of one behavior follow each other from short to long.

    counted_traits()
    →  [{'column': 'pricing_page_viewed_count_7d', 'behavior': 'pricing_page_viewed', 'window': 7,
         'counting': 'events'}, …]
#}
{% macro counted_traits() -%}
    {%- set traits = {} -%}
    {%- for trait in recorded_traits('count') + recorded_traits('account count') -%}
        {%- set column = count_trait(trait.behavior, trait.window, trait.counting) -%}
        {%- do traits.update({column: {
            'column': column,
            'behavior': trait.behavior,
            'window': trait.window,
            'counting': trait.counting,
            'length': trait.window if trait.window is number else 100000,
        }}) -%}
    {%- endfor -%}
    {{ return(traits.values() | sort(attribute='behavior,length,column') | list) }}
{%- endmacro %}
