{#
    True when a column of the shop's order lines says something that is no number.

    {{ shop_says_no_number(['quantity', 'tax']) }}
    →  (nullif(trim(cast("Quantity" as varchar)), '') is not null and … is null) or …
#}
{% macro shop_says_no_number(words) -%}
    {%- for word in words -%}
        ({{ clean_text(shop_column(word)) }} is not null and {{ to_amount(shop_column(word)) }} is null)
        {%- if not loop.last %} or {% endif -%}
    {%- endfor -%}
{%- endmacro %}
