{#
    The traits of one kind that models and analyses read, as record_trait wrote them down: one entry
    per trait and reader, sorted by name. Empty while dbt parses, when nobody has said anything yet.

    recorded_traits('count')
    →  [{'column': 'pricing_page_viewed_count_3d', 'behavior': 'pricing_page_viewed', 'window': 3,
         'call': "did('pricing_page_viewed', within_days=3)", 'reader': 'pricing_fans', …}, …]
#}
{% macro recorded_traits(kind) -%}
    {%- set traits = [] -%}
    {%- for node in graph.get('nodes', {}).values() | sort(attribute='unique_id') -%}
        {%- for trait in node.config.get('meta', {}).values()
            if trait is mapping and trait.get('kind') == kind -%}
            {%- do traits.append(dict(trait, reader=node.name)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(traits | sort(attribute='column')) }}
{%- endmacro %}
