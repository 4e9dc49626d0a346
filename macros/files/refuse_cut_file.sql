{#
    Stop when a compressed file ends before its end, as a broken upload does: what is left of it would
    be read without a word.

    refuse_cut_file(<file>)  →  … ends before its end. …
#}
{% macro refuse_cut_file(file) -%}
    {%- if file.compression == 'gzip' -%}
        {%- set query = cut_gzip_sql(file) -%}
    {%- elif file.compression == 'zstd' -%}
        {%- set query = cut_zstd_sql(file) -%}
    {%- endif -%}
    {%- if query is defined and run_query(query).rows -%}
        {{ exceptions.raise_compiler_error(
            file.path ~ ' ends before its end: its ' ~ file.compression ~ ' is cut, and its rows would be missing. Write or copy '
            ~ 'it again, or begin its name with _ to leave it out.'
        ) }}
    {%- endif -%}
{%- endmacro %}
