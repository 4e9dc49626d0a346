{#
    Stop when a Parquet file holds an identifier as floating point numbers that are not whole, or too
    large to tell neighbours apart (2^53, for 32 bits 2^24).

    refuse_broken_ids(<file>, 'user_id', 'DOUBLE')
    →  … holds user_id as floating point numbers, and 9007199254740994.0 is no exact id. …
#}
{% macro refuse_broken_ids(file, column, type) -%}
    {%- set value = adapter.quote(column) -%}
    {%- set found = run_query(
        'select cast(' ~ value ~ ' as varchar) from read_parquet(' ~ file.sql ~ ') where not isnan(' ~ value
        ~ ') and not (' ~ value ~ ' = floor(' ~ value ~ ') and abs(' ~ value ~ ') < '
        ~ (9007199254740992 if type == 'DOUBLE' else 16777216) ~ ') limit 1'
    ).rows -%}
    {%- if found -%}
        {{ exceptions.raise_compiler_error(
            file.path ~ ' holds ' ~ column ~ ' as floating point numbers, and ' ~ found[0][0] ~ ' is no exact id. '
            ~ 'Write the column as text or integers.'
        ) }}
    {%- endif -%}
{%- endmacro %}
