{#
    Bring a warehouse that numbered its identifiers (node_seq, root_seq) to node keys, once, before
    the first build: what was believed, and with it every profile id, goes on under the keys.

    dbt run-operation take_over_node_numbers

    The registry kept no load times. They are as old as can be in the order of the old numbers, so
    that whoever named a person goes on naming them.
#}
{% macro take_over_node_numbers() -%}
    {%- set schema = generate_schema_name('intermediate', none) -%}
    {%- set relation_of = {} -%}
    {%- for name in [
        'int_identity_nodes',
        'int_identity_clusters_history',
        'int_identity_components',
        'int_identity_components__edges',
        'int_identity_components_limited',
        'int_identity_components_limited__edges',
    ] -%}
        {%- do relation_of.update({name: adapter.get_relation(target.database, schema, name)}) -%}
    {%- endfor -%}

    {%- set nodes = relation_of.int_identity_nodes -%}
    {%- set history = relation_of.int_identity_clusters_history -%}
    {%- if nodes is none
        or 'node_seq' not in adapter.get_columns_in_relation(nodes) | map(attribute='name') -%}
        {{ log('Nothing to take over: no identifier in ' ~ schema ~ ' is numbered.', info=true) }}
        {{ return(none) }}
    {%- endif -%}

    {%- set parts = {} -%}
    {%- for name in ['node_numbers', 'nodes_taken_over', 'history_taken_over'] -%}
        {%- do parts.update({name: api.Relation.create(
            database=nodes.database, schema=nodes.schema, identifier=name, type='table'
        )}) -%}
    {%- endfor -%}
    {%- for relation, query in [
        (parts.node_numbers,
            'select *, ' ~ node_key('identifier_type', 'identifier_value') ~ ' as node_key from ' ~ nodes),
        (parts.nodes_taken_over,
            'select node_key, identifier_type, identifier_value, false as is_displaced,'
            ~ " timestamp '1970-01-01' as first_loaded_at,"
            ~ " timestamp '1970-01-01' + node_seq * interval '1' second as first_load_seen_at,"
            ~ ' registered_at from ' ~ parts.node_numbers),
        (parts.history_taken_over,
            'select keyed.node_key, history.revision, history.closing_revision,'
            ~ ' roots.node_key as profile_key, history.suppression_reason, history.valid_from,'
            ~ ' history.valid_to from ' ~ history ~ ' as history'
            ~ ' inner join ' ~ parts.node_numbers ~ ' as keyed on history.node_seq = keyed.node_seq'
            ~ ' left join ' ~ parts.node_numbers ~ ' as roots on history.root_seq = roots.node_seq'),
    ] -%}
        {%- do adapter.drop_relation(relation) -%}
        {%- do run_query(create_table_as(false, relation, query)) -%}
    {%- endfor -%}

    {%- for relation in relation_of.values() if relation is not none -%}
        {%- do adapter.drop_relation(relation) -%}
    {%- endfor -%}
    {%- do adapter.drop_relation(parts.node_numbers) -%}
    {%- do adapter.rename_relation(parts.nodes_taken_over, nodes) -%}
    {%- do adapter.rename_relation(parts.history_taken_over, history) -%}
    {%- do adapter.commit() -%}
    {{ log('Took over ' ~ count_rows(nodes) ~ ' identifiers; build now.', info=true) }}
{%- endmacro %}
