{#
    The select over a table that a loader brought: every declared column as text, nulls where the
    table has none. Names are compared without case.

    loaded_table_sql(<source segment.pages>)
    →  select cast("id" as text) as "id", …, cast(null as text) as "title" from "segment"."pages"

    The table is looked for in the schema that has the source's name, or in the one that var
    raw_schemas gives it. A table that is not there is an error, unless its YAML says
    `meta: {optional: true}`; then it is empty.
#}
{% macro loaded_table_sql(source) -%}
    {%- set schema = var('raw_schemas').get(source.source_name, source.source_name) -%}
    {%- set loaded = loaded_relation(source.database, schema, source.identifier) -%}
    {%- if loaded is none and not source.meta.get('optional') -%}
        {{ exceptions.raise_compiler_error(
            "source '" ~ source.source_name ~ "' is listed in var event_sources but there is no table "
            ~ schema ~ '.' ~ source.identifier ~ '. Load it there, name its schema in var raw_schemas '
            ~ '({' ~ source.source_name ~ ': its_schema}), or take the source out of event_sources.'
        ) }}
    {%- endif -%}

    {%- set found = {} -%}
    {%- for column in (adapter.get_columns_in_relation(loaded) if loaded is not none else []) -%}
        {%- do found.update({column.name | lower: column}) -%}
    {%- endfor -%}

    {#- Two names that are cut alike are one column there. -#}
    {%- set selected, taken = [], [] -%}
    {%- for name in raw_columns(source) if column_name_held(name) not in taken -%}
        {%- do taken.append(column_name_held(name)) -%}
        {#- A loader cuts a long name where its database does: PostgreSQL after 63 characters. -#}
        {%- set held = found.get(name | lower, found.get(column_name_held(name | lower))) -%}
        {%- if held is not none -%}
            {%- set value = loaded_text(adapter.quote(held.name), held) -%}
        {%- elif name in source.columns and source.columns[name].meta.get('required') and loaded is not none -%}
            {%- do missing_column(
                schema ~ '.' ~ source.identifier, source, name, found.values() | map(attribute='name') | list
            ) -%}
        {%- else -%}
            {%- set value = 'cast(null as ' ~ dbt.type_string() ~ ')' -%}
        {%- endif -%}
        {%- do selected.append(
            by_bytes(value) ~ ' as ' ~ adapter.quote(name)
        ) -%}
    {%- endfor -%}
    select {{ selected | join(', ') }} from {{ loaded if loaded is not none else '(select 1 as nothing) as nothing where 1 = 0' }}
{%- endmacro %}
