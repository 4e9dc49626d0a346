{#
    True when a property of the CRM has a value, in any case of letters, alone or as one of several
    with semicolons between them. Var crm_properties must name the property.

    {{ crm_is('buying_role', 'DECISION_MAKER') }}
    →  (crm_buying_role is not null
        and position(';decision_maker;' in ';' || lower(crm_buying_role) || ';') > 0)
#}
{% macro crm_is(property, value) -%}
    {%- set call = "crm_is('" ~ property ~ "', '" ~ value ~ "')" -%}
    {%- set known = crm_properties('contact') + crm_properties('company') + crm_properties('deal') -%}
    {%- if property not in known -%}
        {{ exceptions.raise_compiler_error(
            call ~ ": '" ~ property ~ "' is no property in var crm_properties; there are: "
            ~ (known | join(', ') or 'none')
        ) }}
    {%- endif -%}
    {%- if value is not string or not value.strip() -%}
        {{ exceptions.raise_compiler_error(call ~ ": give the value as a text that is not empty") }}
    {%- endif -%}
    (
        crm_{{ property }} is not null
        and {{ dbt.position(
            text_literal(';' ~ value | lower ~ ';'), "';' || lower(crm_" ~ property ~ ") || ';'"
        ) }} > 0
    )
{%- endmacro %}
