{#
    True when a text file that should be UTF-8 has a line that is not: such a file is read byte by
    byte (text_lines). Looked at once for each file; the whole of it, but nothing is kept.

    is_read_by_bytes(<file>, <settings>)  →  false
#}
{% macro is_read_by_bytes(file, settings) -%}
    {%- if 'is_read_by_bytes' not in file -%}
        {%- set is_broken = false -%}
        {%- if settings.encoding == 'utf-8' -%}
            {%- do run_query(
                'select max(length(line)) from read_csv(' ~ file.sql ~ ", compression = '" ~ file.compression
                ~ "', encoding = 'utf-8', ignore_errors = true, store_rejects = true, rejects_table = 'broken_lines', "
                ~ "rejects_scan = 'broken_scans', rejects_limit = 1, " ~ line_options() ~ ')'
            ) -%}
            {%- set is_broken = run_query('select count(*) from temp.broken_lines').rows[0][0] > 0 -%}
            {%- do run_query('drop table temp.broken_lines') -%}
            {%- do run_query('drop table temp.broken_scans') -%}
        {%- endif -%}
        {%- do file.update({'is_read_by_bytes': is_broken}) -%}
    {%- endif -%}
    {{ return(file.is_read_by_bytes) }}
{%- endmacro %}
