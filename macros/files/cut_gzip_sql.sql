{#
    One row when a gzip ends before its end. Its last four bytes say how long the last text in it is
    (RFC 1952); those of a cut file are any number, nearly always one far beyond what is there. Twice
    the length leaves room for line ends that the reader takes away.

    cut_gzip_sql(<file>)  →  select 1 from read_blob('…') where … > (select 2 * … from (…))
#}
{% macro cut_gzip_sql(file) -%}
    select 1 from read_blob({{ file.sql }})
    where
        {{ blob_number('octet_length(content) - 3', 4) }}
        > (
            select 2 * coalesce(sum(strlen(line) + 1), 0) + 65536
            from ({{ text_lines(file, file.settings) }})
        )
{%- endmacro %}
