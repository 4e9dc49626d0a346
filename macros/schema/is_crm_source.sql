{#
    True for a row of a CRM: an enabled source that has deals. Its events are read off tables that say
    how things stand, so each run takes them as they are told now.

    {{ is_crm_source('source') }}  →  source in ('hubspot')
#}
{% macro is_crm_source(column) -%}
    {%- set models = staging_models() -%}
    {%- set crms = [] -%}
    {%- for source in enabled_sources() if [source, 'deals'] in models -%}
        {%- do crms.append(source) -%}
    {%- endfor -%}
    {{ column }} in ('{{ crms | join("', '") }}')
{%- endmacro %}
