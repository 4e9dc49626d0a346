{#
    The properties of a CRM's object that var crm_properties makes traits, by their names there.

    {{ crm_properties('contact') }}  →  ['renewal_risk', 'favorite_harbour']
#}
{% macro crm_properties(object) -%}
    {%- set objects = ['contact', 'company', 'deal'] -%}
    {%- set named = var('crm_properties') -%}
    {%- set seen = [] -%}
    {%- for key, names in named.items() -%}
        {%- if key not in objects -%}
            {{ exceptions.raise_compiler_error(
                "var crm_properties has no object '" ~ key ~ "': choose from " ~ objects | join(', ')
            ) }}
        {%- endif -%}
        {%- for name in names -%}
            {%- if not modules.re.fullmatch('[a-z][a-z0-9_]*', name) -%}
                {{ exceptions.raise_compiler_error(
                    "var crm_properties: '" ~ name ~ "' is no name of a property: lower-case letters, "
                    ~ 'digits and _, as the connector names the column, without property_'
                ) }}
            {%- elif name in seen -%}
                {{ exceptions.raise_compiler_error(
                    'var crm_properties names ' ~ name ~ ' twice: both would be the trait crm_' ~ name
                ) }}
            {%- endif -%}
            {%- do seen.append(name) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(named.get(object, [])) }}
{%- endmacro %}
