{#
    Stop when a compressed file ends before its end, as a broken upload does: what is left of it would
    be read without a word.

    refuse_cut_file(<file>)  →  … ends before its end. …
#}
{% macro refuse_cut_file(file) -%}
    {%- set cut = {'gzip': cut_gzip_sql, 'zstd': cut_zstd_sql}.get(file.compression) -%}
    {%- if cut and run_query(cut(file)).rows -%}
        {{ exceptions.raise_compiler_error(
            file.path ~ ' ends before its end: its ' ~ file.compression ~ ' is cut, and its rows would be missing. Write or copy '
            ~ 'it again, or begin its name with _ to leave it out.'
        ) }}
    {%- endif -%}
{%- endmacro %}
