{#
    The staging models, as pairs of source and entity: stg_<source>__<entity>.

    {{ staging_models() }}  →  [['email', 'events'], ['email', 'mailgun'], ['events', 'events'], …]

    While dbt parses, these are all that have a file; in a run, those that are switched on; in a unit
    test, those that it gives rows to. Only a run has the graph. Before that dbt shows what it has
    read through nothing but the object behind ref().
#}
{% macro staging_models() -%}
    {%- set manifest = builtins.ref.manifest -%}
    {%- set names = graph.get('nodes') or manifest.nodes if execute else manifest.files -%}
    {%- set found = [] -%}
    {%- for name in names | sort -%}
        {%- set parts = modules.re.search('(?:^model[.].*[.]|[/\\\\])stg_([a-z0-9_]+?)__([a-z0-9_]+)([.]sql)?$', name) -%}
        {%- if parts -%}
            {%- do found.append([parts.group(1), parts.group(2)]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
