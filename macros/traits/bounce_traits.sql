{#
    The pages that some model asks about with bounced_from or hesitated_at, each once for either, with
    the behavior that the page is for.

    bounce_traits()
    →  [{'column': 'demo_page_viewed_bounce_count_7d', 'page': 'demo_page_viewed',
         'goal': 'demo_requested', 'is_bounce': true}, …]
#}
{% macro bounce_traits() -%}
    {{ return(recorded_traits('bounce') | unique(attribute='column') | list) }}
{%- endmacro %}
