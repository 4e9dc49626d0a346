{#
    The name of the trait that says that one thing was done after another (var ordered_behaviors).

    {{ ordered_trait('content_downloaded', 'page_viewed', 30) }}
    →  did_content_downloaded_then_page_viewed_30d
#}
{% macro ordered_trait(first, then, days) -%}
    did_{{ first }}_then_{{ then }}_{{ days }}d
{%- endmacro %}
