{#
    Stop when a model asks about a behavior that the catalogue (seeds/behaviors.csv) does not have,
    or a segment's success is none: what nobody can do would count 0 for everybody.

    check_behaviors(ref('behaviors'))
    →  nothing, or one error that names each reader, its call and near spellings

    Runs after the seed is loaded, and again before anything is counted, for runs without seeds.
#}
{% macro check_behaviors(catalogue) -%}
    {%- if execute -%}
        {#- Rendered, because a build with --empty would look into an empty catalogue. -#}
        {%- set rows = run_query('select behavior, stage from ' ~ catalogue.render()) -%}
        {%- set behaviors = rows.columns['behavior'].values() | list -%}
        {%- set names = behaviors + ['engagement', 'research'] -%}
        {%- for stage in rows.columns['stage'].values() | unique if stage != 'none' -%}
            {%- do names.append(stage ~ '_stage') -%}
        {%- endfor -%}

        {%- set asked = [] -%}
        {%- for kind, keys in [
            ('count', ['behavior']),
            ('account count', ['behavior']),
            ('bounce', ['page', 'goal']),
        ] -%}
            {%- for trait in recorded_traits(kind) -%}
                {%- for key in keys -%}
                    {%- do asked.append((trait.reader, trait.call, trait[key], names)) -%}
                {%- endfor -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for trait in recorded_traits('order') -%}
            {%- for step in trait.steps -%}
                {%- do asked.append((trait.reader, trait.call, step.behavior, names + ['visit_started'])) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for segment in segment_nodes() -%}
            {%- set success = segment.config.meta.success.behavior -%}
            {%- do asked.append((segment.name, 'success: ' ~ success, success, behaviors)) -%}
        {%- endfor -%}

        {%- set problems = [] -%}
        {%- for reader, call, name, known in asked if name not in known -%}
            {%- set near = near_spellings(name, known) -%}
            {%- do problems.append(
                reader ~ ', ' ~ call ~ ": there is no behavior '" ~ name ~ "'. "
                ~ ('Near it: ' ~ near | join(', ') ~ '.' if near else 'Nothing is spelt like it.')
            ) -%}
        {%- endfor -%}
        {%- if problems -%}
            {{ exceptions.raise_compiler_error(
                'Unknown behaviors:\n    ' ~ problems | unique | join('\n    ')
                ~ '\nWrite a name of seeds/behaviors.csv, or add a line to it.'
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
