{#
    True when something was begun more than an hour and less than a week before the column as_of,
    and not ended since.

    {{ is_abandoned('last_cart_item_added_at', 'last_order_at') }}
    →  coalesce(last_cart_item_added_at > as_of - interval '7' day
           and last_cart_item_added_at < as_of - interval '1' hour
           and (last_order_at is null or last_order_at <= last_cart_item_added_at), false)
#}
{% macro is_abandoned(begun_at, ended_at) -%}
    coalesce(
        {{ begun_at }} > as_of - interval '7' day
        and {{ begun_at }} < as_of - interval '1' hour
        and ({{ ended_at }} is null or {{ ended_at }} <= {{ begun_at }}),
        false
    )
{%- endmacro %}
