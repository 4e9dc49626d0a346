{#
    True for an event that counts for a name: a behavior and its kinds,
    a stage, research, or engagement.

    {{ counts_as('pricing_page_viewed') }}  →  'pricing_page_viewed' in (behavior, broader_behavior)
    {{ counts_as('decision_stage') }}       →  stage = 'decision'
    {{ counts_as('research') }}             →  stage in ('consideration', 'decision')
    {{ counts_as('engagement') }}           →  is_engagement
#}
{% macro counts_as(name) -%}
    {%- if name == 'engagement' -%}
    is_engagement
    {%- elif name == 'research' -%}
    stage in ('consideration', 'decision')
    {%- elif name.endswith('_stage') -%}
    stage = '{{ name[:-6] }}'
    {%- else -%}
    '{{ name }}' in (behavior, broader_behavior)
    {%- endif -%}
{%- endmacro %}
