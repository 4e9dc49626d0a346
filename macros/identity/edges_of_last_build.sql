{#
    The table in which a model of components keeps the edges that it was made from.

    edges_of_last_build(this)  →  relation "int_identity_components__edges"
#}
{% macro edges_of_last_build(model_relation) -%}
    {{ return(api.Relation.create(
        database=model_relation.database,
        schema=model_relation.schema,
        identifier=model_relation.identifier ~ '__edges',
        type='table',
    )) }}
{%- endmacro %}
