{#
    Stop when a gzip ends before its end, as a broken upload does: what is left of it would be read
    without a word. Its last four bytes say how long the last text in it is (RFC 1952); those of a cut
    file are any number, nearly always one far beyond what is there. Twice the length leaves room for
    line ends that the reader takes away.

    refuse_cut_gzip(<file>)  →  … ends before its end. …
#}
{% macro refuse_cut_gzip(file) -%}
    {%- set said -%}
        cast('0x' || list_reduce(
            [hex(content[-4:][place:place]) for place in [4, 3, 2, 1]], lambda high, low: high || low
        ) as ubigint)
    {%- endset -%}
    {%- set found = run_query(
        'select 1 from read_blob(' ~ file.sql ~ ') where ' ~ said ~ ' > (select 2 * coalesce(sum(strlen(line) + 1), 0) + 65536 from ('
        ~ text_lines(file, file.settings) ~ '))'
    ).rows -%}
    {%- if found -%}
        {{ exceptions.raise_compiler_error(
            file.path ~ ' ends before its end: the gzip is cut, and its rows would be missing. Write or copy it again, or begin '
            ~ 'its name with _ to leave it out.'
        ) }}
    {%- endif -%}
{%- endmacro %}
