{#
    The parameters by which ad platforms mark a click.

    click_ids()  →  ['gclid', 'gbraid', …]
#}
{% macro click_ids() -%}
    {{ return([
        'gclid', 'gbraid', 'wbraid', 'dclid', 'msclkid', 'li_fat_id', 'ttclid', 'twclid', 'fbclid'
    ]) }}
{%- endmacro %}
