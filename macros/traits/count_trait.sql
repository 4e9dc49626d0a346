{#
    The name of the trait that counts something in a window: days, ever, or the days before those.

    {{ count_trait('pricing_page_viewed', 30) }}            →  pricing_page_viewed_count_30d
    {{ count_trait('demo_requested', 'ever') }}             →  demo_requested_count_ever
    {{ count_trait('product_used', 'previous_14') }}        →  product_used_count_previous_14d
    {{ count_trait('pricing_page_viewed', 30, 'visits') }}  →  pricing_page_viewed_visits_30d
#}
{% macro count_trait(name, window, counting='events') -%}
    {{ name }}_{{ 'count' if counting == 'events' else counting }}_{{ window }}{{ 'd' if window != 'ever' }}
{%- endmacro %}
