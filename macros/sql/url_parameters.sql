{#
    The parameters of an address in lower case and decoded, each behind a &; null when there are
    none. Those behind the route of an app (#/pricing?utm_source=x) count as well. An encoded & within
    a value is a blank, so that it begins no parameter.

    {{ url_parameters('page_url') }}
    →  'https://shop.test/&utm_source=google ads' for https://shop.test/?UTM_Source=Google%20Ads
#}
{% macro url_parameters(url) -%}
    {%- set separated = namespace(text=url) -%}
    {%- for sign, written in [('&amp;', '&'), ('?', '&'), ('#', '&'), ('+', ' '), ('%26', ' ')] -%}
        {%- set separated.text = 'replace(' ~ separated.text ~ ", '" ~ sign ~ "', '" ~ written ~ "')" -%}
    {%- endfor -%}
    case
        when {{ dbt.position("'='", url) }} = 0 then null
        when {{ dbt.position("'%'", url) }} = 0 then {{ lower_text(separated.text) }}
        else {{ percent_decoded(lower_text(separated.text)) }}
    end
{%- endmacro %}
