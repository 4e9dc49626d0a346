{#
    What is done in order: each pair of behaviors that some model asks for with did_in_order, once.

    ordered_traits()
    →  [{'column': 'did_content_downloaded_then_page_viewed_30d', 'first': 'content_downloaded',
         'then': 'page_viewed', 'window': 30}, …]
#}
{% macro ordered_traits() -%}
    {{ return(recorded_traits('order') | unique(attribute='column') | list) }}
{%- endmacro %}
