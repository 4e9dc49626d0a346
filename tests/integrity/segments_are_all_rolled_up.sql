-- Every file under marts/segments is in the list of segment_memberships.
-- A row is a segment that is missing there.
-- depends_on: {{ ref('segment_memberships') }}
{% set missing = [] %}
{% if execute %}
    {% set roll_up = graph.nodes['model.' ~ project_name ~ '.segment_memberships'] %}
    {% for segment in segment_nodes() if segment.unique_id not in roll_up.depends_on.nodes %}
        {% do missing.append(segment.name) %}
    {% endfor %}
{% endif %}

select segment_name
from (
    select cast(null as {{ dbt.type_string() }}) as segment_name
    {% for name in missing %}
    union all
    select '{{ name }}' as segment_name
    {% endfor %}
) as candidates
where segment_name is not null
