{#
    Run a query into a table beside the model that is being built and return the table. The name
    goes into `made`, so that drop_scratch can take everything away again.

    scratch_table('edges', 'select …', made)  →  relation "int_identity_clusters__edges_now"
#}
{% macro scratch_table(name, sql, made) -%}
    {%- set relation = api.Relation.create(
        database=this.database, schema=this.schema, identifier=this.identifier ~ '__' ~ name, type='table'
    ) -%}
    {%- do adapter.drop_relation(relation) -%}
    {%- call statement('scratch') -%}
        {{ create_table_as(false, relation, sql) }}
    {%- endcall -%}
    {%- do made.append(relation) -%}
    {{ return(relation) }}
{%- endmacro %}
