{#
    True when a cart, a checkout or a form was left behind between an hour and a week ago.

    {{ abandoned('cart') }}  →  (has_abandoned_cart is true)
#}
{% macro abandoned(what) -%}
    {%- set known = ['cart', 'checkout', 'form'] -%}
    {%- if what not in known -%}
        {{ exceptions.raise_compiler_error(
            "abandoned('" ~ what ~ "'): choose from " ~ known | join(', ')
        ) }}
    {%- endif -%}
    (has_abandoned_{{ what }} is true)
{%- endmacro %}
