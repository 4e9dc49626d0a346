{#
    The enabled sources that have a model stg_<source>__<entity>.

    {{ sources_with('people') }}  →  ['segment', 'hubspot']

    So a source of one's own adds people, companies, deals, owners or aliases by having that model.
#}
{% macro sources_with(entity) -%}
    {%- set models = staging_models() -%}
    {%- set sources = [] -%}
    {%- for source in enabled_sources() if [source, entity] in models -%}
        {%- set name = 'stg_' ~ source ~ '__' ~ entity -%}
        {#- dbt reads only files that changed; this model did not, so it does not know the new one. -#}
        {%- if execute
            and model.resource_type == 'model'
            and 'model.' ~ project_name ~ '.' ~ name not in model.depends_on.nodes -%}
            {{ exceptions.raise_compiler_error(
                name ~ ' is new, and dbt has not read ' ~ model.name ~ ' again since, which takes its rows. '
                ~ 'Run `dbt parse --no-partial-parse` once.'
            ) }}
        {%- endif -%}
        {%- do sources.append(source) -%}
    {%- endfor -%}
    {%- if entity == 'events' and not sources -%}
        {{ exceptions.raise_compiler_error(
            'none of the sources in var event_sources (' ~ enabled_sources() | join(', ')
            ~ ') has events: one of them needs a model stg_<source>__events'
        ) }}
    {%- endif -%}
    {{ return(sources) }}
{%- endmacro %}
