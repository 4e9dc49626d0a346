{#
    Comments for BI tools on the columns of a trait model that no YAML describes, because they are
    counted on demand. Says nothing unless the model persists the docs of its columns.

    {{ comment_counted_columns() }}
    →  comment on column marts.profile_traits.demo_requested_count_ever is 'How often …'; …
#}
{% macro comment_counted_columns() -%}
    {%- if execute and config.persist_column_docs() -%}
        {%- set columns = {} -%}
        {%- for name, description in counted_columns(this.identifier).items() -%}
            {%- do columns.update({name: {'name': name, 'description': description, 'quote': false}}) -%}
        {%- endfor -%}
        {{ alter_column_comment(this, columns) }}
    {%- endif -%}
{%- endmacro %}
