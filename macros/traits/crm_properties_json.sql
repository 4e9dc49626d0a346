{#
    The properties that var crm_properties names for an object, as a JSON object; null without any.

    {{ crm_properties_json('contact', 'property_') }}
    →  '{"renewal_risk":' || coalesce(…property_renewal_risk…, 'null') || '}'
#}
{% macro crm_properties_json(object, prefix) -%}
    {%- set texts = {} -%}
    {%- for name in crm_properties(object) -%}
        {%- do texts.update({name: clean_text(prefix ~ name)}) -%}
    {%- endfor -%}
    {{ json_object(texts) if texts else 'cast(null as ' ~ dbt.type_string() ~ ')' }}
{%- endmacro %}
