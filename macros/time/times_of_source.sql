{#
    How the source whose staging model is being compiled writes times: what var source_times says of
    it.

    {{ times_of_source() }}  →  {time_format: ['%m/%d/%Y'], time_zone: America/New_York}
#}
{% macro times_of_source() -%}
    {%- set node = model if model is defined else {} -%}
    {%- set name = (node.get('tested_node_unique_id') or node.get('name') or '').split('.')[-1] -%}
    {%- set source = modules.re.match('stg_([a-z0-9_]+?)__', name) -%}
    {%- set stated = var('source_times').get(source.group(1), {}) if source else {} -%}
    {%- for key in stated if key not in ['time_format', 'time_zone'] -%}
        {{ exceptions.raise_compiler_error(
            "var source_times has a setting '" ~ key ~ "' for " ~ source.group(1)
            ~ ', which is none of time_format, time_zone'
        ) }}
    {%- endfor -%}
    {%- set formats = stated.get('time_format', []) -%}
    {{ return({
        'time_format': [formats] if formats is string else formats, 'time_zone': stated.get('time_zone')
    }) }}
{%- endmacro %}
