{#
    The parameters of a page's address that say which campaign brought somebody there.

    campaign_parameters()  →  ['utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term']
#}
{% macro campaign_parameters() -%}
    {{ return(['utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term']) }}
{%- endmacro %}
