{#
    What is wrong with one segment, as sentences that name the value and the choices. `traits` are
    the columns that evidence may name; to find them takes a look at every node, so whoever asks
    about many segments finds them once.

    segment_problems(<segment with goal: convince>, ['visit_count_7d', …])
    →  ["goal is 'convince'. Choose from convert, engage, reengage, retain, exclude."]
#}
{% macro segment_problems(segment, traits) -%}
    {%- set problems = [] -%}
    {%- set file = segment.original_file_path -%}
    {%- set meta = segment.config.meta -%}

    {%- if segment.fqn | length != 5 -%}
        {%- do problems.append(
            file ~ ' lies in no theme folder. Move it and its YAML to models/marts/segments/<theme>/; '
            ~ 'themes are ' ~ segment_themes() | join(', ') ~ ', or a new one.'
        ) -%}
    {%- endif -%}
    {%- set roll_up = graph.nodes['model.' ~ project_name ~ '.segment_memberships'] -%}
    {%- if segment.unique_id not in roll_up.depends_on.nodes -%}
        {%- do problems.append(
            'it is not in the list of ' ~ roll_up.original_file_path ~ '. Run `make build`, which '
            ~ "writes that list, or add the line '" ~ segment.name ~ "', to it yourself."
        ) -%}
    {%- endif -%}
    {%- if segment.patch_path is none -%}
        {%- do problems.append(
            'it has no YAML entry. Write one in ' ~ file.replace('.sql', '.yml') ~ ' with config.group '
            ~ 'and config.meta: goal, priority, weight, cadence, evidence, success and destinations.'
        ) -%}
        {{ return(problems) }}
    {%- endif -%}

    {%- set keys = ['goal', 'priority', 'weight', 'cadence', 'evidence', 'success', 'destinations'] -%}
    {%- set missing = keys | reject('in', meta) | list -%}
    {%- if missing -%}
        {%- do problems.append(
            'config.meta lacks ' ~ missing | join(', ') ~ '. It must have ' ~ keys | join(', ') ~ '.'
        ) -%}
    {%- endif -%}
    {%- if not segment.config.group -%}
        {%- do problems.append(
            'config.group is missing. Choose from ' ~ group_names() | join(', ')
            ~ ', or add a group to models/_groups.yml.'
        ) -%}
    {%- endif -%}
    {%- if 'priority' in meta and (meta.priority is not integer or meta.priority < 1) -%}
        {%- do problems.append("priority is '" ~ meta.priority ~ "'. Give a whole number from 1 up.") -%}
    {%- endif -%}
    {%- if 'weight' in meta
        and (meta.weight is not number or meta.weight is boolean or not 0 < meta.weight <= 10) -%}
        {%- do problems.append("weight is '" ~ meta.weight ~ "'. Give a number above 0, at most 10.") -%}
    {%- endif -%}
    {%- if 'success_behavior' in meta -%}
        {%- do problems.append(
            'success_behavior is written success: {behavior: ' ~ meta.success_behavior
            ~ ', within_days: 30} now.'
        ) -%}
    {%- endif -%}
    {%- if 'success' in meta and not (
        meta.success is mapping
        and meta.success.keys() | sort == ['behavior', 'within_days']
        and meta.success.within_days is integer
        and meta.success.within_days is not boolean
        and meta.success.within_days > 0
    ) -%}
        {%- do problems.append(
            "success is '" ~ meta.success ~ "'. Write what shows that it worked and in how many whole "
            ~ 'days: {behavior: demo_requested, within_days: 30}.'
        ) -%}
    {%- endif -%}
    {%- if 'core' in meta and meta.core is not boolean -%}
        {%- do problems.append("core is '" ~ meta.core ~ "'. Write true, or leave it out.") -%}
    {%- endif -%}

    {%- for key, choices in [
        ('goal', ['convert', 'engage', 'reengage', 'retain', 'exclude']),
        ('cadence', ['realtime', 'hourly', 'daily', 'weekly']),
        ('destinations', ['crm', 'email', 'ads', 'sales_alerts']),
    ] if key in meta -%}
        {%- set values = meta[key] if key == 'destinations' and meta[key] is sequence and meta[key] is not string
            else [meta[key]] -%}
        {%- for value in values if value not in choices -%}
            {%- do problems.append(
                key ~ " is '" ~ value ~ "'. Choose from " ~ choices | join(', ') ~ '.'
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if meta.destinations is string -%}
        {%- do problems.append("destinations is '" ~ meta.destinations ~ "'. Write a list, such as [crm].") -%}
    {%- endif -%}

    {%- if meta.evidence is string or meta.evidence is mapping -%}
        {%- do problems.append("evidence is '" ~ meta.evidence ~ "'. Write a list of traits.") -%}
    {%- else -%}
        {%- for trait in meta.evidence or [] if trait not in traits -%}
            {%- set near = near_spellings(trait, traits) -%}
            {%- do problems.append(
                "evidence names '" ~ trait ~ "', which is no column of profile_traits or "
                ~ 'account_traits. ' ~ ('Near it: ' ~ near | join(', ') ~ '. ' if near else '')
                ~ 'A count is a column only when some rule asks for it.'
            ) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(problems) }}
{%- endmacro %}
