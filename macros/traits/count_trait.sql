{#
    The name of the trait that counts something in a window: days, ever, or the days before those.

    {{ count_trait('pricing_page_viewed', 30) }}          →  pricing_page_viewed_count_30d
    {{ count_trait('demo_requested', 'ever') }}           →  demo_requested_count_ever
    {{ count_trait('product_used', 'previous_14') }}      →  product_used_count_previous_14d
#}
{% macro count_trait(name, window) -%}
    {{ name }}_count_{{ window }}{{ 'd' if window != 'ever' }}
{%- endmacro %}
