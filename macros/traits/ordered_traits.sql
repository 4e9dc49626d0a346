{#
    What is done in order: each sequence of steps that some model asks for with did_in_order, once.

    ordered_traits()
    →  [{'column': 'did_content_downloaded_then_page_viewed_30d', 'steps': [{'behavior':
         'content_downloaded', 'times': 1, 'after_days': 0}, …], 'window': 30}, …]
#}
{% macro ordered_traits() -%}
    {{ return(recorded_traits('order') | unique(attribute='column') | list) }}
{%- endmacro %}
