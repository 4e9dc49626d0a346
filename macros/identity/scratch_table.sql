{#
    Run a query into a table beside the model that is being built and return the table. The name
    goes into `made`, so that drop_scratch can take everything away again.

    scratch_table('edges', 'select …', made)  →  relation "int_identity_clusters__edges_now"
#}
{% macro scratch_table(name, sql, made) -%}
    {%- set relation = api.Relation.create(
        database=this.database, schema=this.schema, identifier=this.identifier ~ '__' ~ name, type='table'
    ) -%}
    {#- What a build that was broken off left behind; most times there is nothing to drop. -#}
    {%- if adapter.get_relation(relation.database, relation.schema, relation.identifier) is not none -%}
        {%- do adapter.drop_relation(relation) -%}
    {%- endif -%}
    {%- call statement('scratch') -%}
        {{ create_table_as(false, relation, sql) }}
    {%- endcall -%}
    {%- do made.append(relation) -%}
    {{ return(relation) }}
{%- endmacro %}
