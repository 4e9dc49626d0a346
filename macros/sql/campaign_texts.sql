{#
    What an address says of a campaign, parameter by parameter, as SQL texts to put together: a
    parameter that it lacks is the empty text.

    campaign_texts()
    →  ["coalesce('utm_source=' || utm_source || '&', '')", …, "coalesce('click_id=' || click_id || '&', '')"]
#}
{% macro campaign_texts() -%}
    {%- set texts = [] -%}
    {%- for name in campaign_parameters() + ['click_id'] -%}
        {%- do texts.append(
            'coalesce(' ~ dbt.concat(["'" ~ name ~ "='", name, "'&'"]) ~ ", '')"
        ) -%}
    {%- endfor -%}
    {{ return(texts) }}
{%- endmacro %}
