-- One row per segment: what its YAML says about it, for BI tools and for ranking.
with

described as (
    {% for segment in segment_nodes() %}
    {% set meta = segment.config.meta %}
    select
        '{{ segment.name }}' as segment,
        '{{ segment.fqn[-2] }}' as theme,
        {{ text_literal(segment.description | trim | replace("\n", " ")) }}
            as description,
        '{{ segment.config.group }}' as owner_group,
        '{{ meta.goal }}' as goal,
        '{{ meta.cadence }}' as cadence,
        '{{ meta.success.behavior }}' as success_behavior,
        '{{ meta.destinations | join(";") }}' as destinations,
        cast({{ meta.priority }} as integer) as priority,
        cast({{ meta.success.within_days }} as integer) as success_within_days,
        cast({{ meta.weight }} as {{ type_double() }}) as weight,
        {{ meta.get('core', false) | lower }} as is_core
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from described
