{#
    Stop before anything is built when a segment is not whole: what its YAML lacks or says wrongly,
    a place in the project where it does not belong, a list of segments that is out of date.

    check_segments()  →  nothing, or one error that names each segment, the value and the choices

    Runs on the start of every run, because a test would only come after what it should prevent.
#}
{% macro check_segments() -%}
    {%- if execute -%}
        {%- set problems = [] -%}
        {%- set owners = {} -%}
        {%- set segments = segment_nodes() -%}
        {%- set traits = trait_columns('profile_traits') + trait_columns('account_traits') -%}
        {%- for segment in segments -%}
            {%- for problem in segment_problems(segment, traits) -%}
                {%- do problems.append(segment.name ~ ': ' ~ problem) -%}
            {%- endfor -%}
            {%- set priority = segment.config.meta.priority -%}
            {%- if priority is not integer -%}
                {#- What is wrong with it has been said. -#}
            {%- elif priority in owners -%}
                {%- do problems.append(
                    segment.name ~ ': priority ' ~ priority ~ ' is also that of ' ~ owners[priority]
                    ~ '. Every segment has its own; free ones near it are '
                    ~ free_priorities(priority) | join(', ') ~ '.'
                ) -%}
            {%- else -%}
                {%- do owners.update({priority: segment.name}) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set names = segments | map(attribute='name') | list -%}
        {%- for name in var('email_pause_segments') if name not in names -%}
            {%- do problems.append(
                "var email_pause_segments names '" ~ name ~ "', which is no segment. Choose from "
                ~ (near_spellings(name, names) or names) | join(', ') ~ '.'
            ) -%}
        {%- endfor -%}
        {%- do problems.extend(bounce_problems()) -%}
        {%- if problems -%}
            {{ exceptions.raise_compiler_error(
                'Segments that cannot be built (docs/adding-a-segment.md):\n    '
                ~ problems | join('\n    ')
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
