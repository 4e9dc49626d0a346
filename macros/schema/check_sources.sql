{#
    Stop when a folder under models/staging is built though var event_sources does not list it.

    Runs before each run. The property files of a source ask whether its name is in event_sources; a
    folder whose files do not ask would be built for nothing, or fail for lack of raw files. In text
    with commas a name may also be found within another one (events in web_events).
#}
{% macro check_sources() -%}
    {%- if execute -%}
        {%- set listed = enabled_sources() -%}
        {%- for source in staging_models() | map('first') | unique if source not in listed -%}
            {{ exceptions.raise_compiler_error(
                "models/staging/" ~ source ~ " is switched on, but var event_sources does not list '"
                ~ source ~ "'. Each of its models and sources needs `config: {enabled: \"{{ '" ~ source
                ~ "' in var('event_sources') }}\"}` (docs/adding-a-source.md), and event_sources is best "
                ~ "written as a list, such as [" ~ listed | join(', ') ~ "]; it is " ~ var('event_sources')
            ) }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
