-- Every file under marts/segments is in the list of segment_memberships.
{% set rolled_up = graph.nodes['model.' ~ project_name ~ '.segment_memberships'].depends_on.nodes if execute else [] %}
{% set missing = [] %}
{% for segment in segment_nodes() if segment.unique_id not in rolled_up %}
    {% do missing.append(segment.name) %}
{% endfor %}
-- depends_on: {{ ref('segment_memberships') }}

select name
from (values ('nothing is missing') {% for name in missing %}, ('{{ name }}'){% endfor %}) as segments (name)
where name <> 'nothing is missing'
