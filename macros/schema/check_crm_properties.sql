{#
    Stop when var crm_properties names a property that no CRM brought: a misspelt one would be null
    for everybody. Where rows are JSON, which may leave out what is empty, it is a warning. What var
    crm_churn_property names must be among the contact's.

    Runs before each run, once the raw views are laid.
#}
{% macro check_crm_properties() -%}
    {%- set churn = var('crm_churn_property') -%}
    {%- if churn and churn not in crm_properties('contact') -%}
        {{ exceptions.raise_compiler_error(
            'var crm_churn_property is ' ~ churn ~ ', which is no property of the contact in var '
            ~ 'crm_properties (' ~ (crm_properties('contact') | join(', ') or 'it names none') ~ ').'
        ) }}
    {%- endif -%}
    {%- for object in ['contact', 'company', 'deal'] -%}
        {%- set tables, known, open = [], [], [] -%}
        {%- for source in graph.sources.values() if source.meta.get('crm_object') == object -%}
            {%- set prefix = source.meta.get('property_prefix', '') -%}
            {%- set brought = columns_brought(source) -%}
            {%- if brought.names -%}
                {%- do tables.append(source.source_name ~ '.' ~ source.name) -%}
                {%- do open.append(brought.may_have_more) -%}
            {%- endif -%}
            {%- for column in brought.names if column.startswith(prefix) -%}
                {%- do known.append(column[prefix | length:]) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for name in crm_properties(object) if tables and name not in known -%}
            {%- set near = near_spellings(name, known | unique | list) -%}
            {%- set problem =
                'var crm_properties names the ' ~ object ~ ' property ' ~ name ~ ', which ' ~ tables | join(' and ')
                ~ ' did not bring. ' ~ ('Is it ' ~ near | join(' or ') ~ '?' if near
                else 'Let the connector bring it, or take it out of the var.')
            -%}
            {%- if open | select | list -%}
                {%- do exceptions.warn(problem) -%}
            {%- else -%}
                {{ exceptions.raise_compiler_error(problem) }}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}
