{#
    Look at every line of a CSV file once: how many rows it has, which of them cannot be read, and
    why. Where there are such rows, the others are kept in mended_rows, taken apart; a file without
    any is read where it lies.

    judge_csv_file(<source>, <file>, <settings>, ['id', 'url'])  →  {rows: 12, rejected: 1, is_mended: true}

    A line that holds as many cells as the file has columns is a row. Of the lines between those,
    the ones that a quoted line break holds together are one row; any other is set aside by itself,
    so that a quote too much takes no rows with it.
#}
{% macro judge_csv_file(source, file, settings, columns) -%}
    {%- set quote = text_literal(settings.quote or '\x01') -%}
    {%- set delimiter = text_literal(settings.delimiter) -%}
    {%- set count_cells -%}
        case
            when not contains(line, {{ quote }}) then length(line) - length(replace(line, {{ delimiter }}, '')) + 1
            when {{ csv_cells('line', settings, is_sound=true) }} then len({{ csv_cells('line', settings) }})
        end
    {%- endset -%}
    {%- set lines -%}
        (
            select line_number, line, {{ count_cells }} as cell_count
            from (
                select line_number, case when line_number = 1 then regexp_replace(line, '^ï»¿', '') else line end as line
                from ({{ text_lines(file, settings) }})
                where line_number > {{ 1 if settings.header is sameas true else 0 }}
            )
        )
    {%- endset -%}
    {%- set is_whole = 'cell_count is not distinct from ' ~ columns | length -%}
    {%- set totals = run_query(
        "select count(*) filter (line <> ''), count(*) filter (line <> '' and not (" ~ is_whole ~ ' and '
        ~ is_utf8('line', file, settings) ~ ')) from ' ~ lines
    ).rows[0] -%}
    {%- if totals[1] == 0 -%}
        {#- The reader itself has the last word: where it finds fewer rows, ours are taken. -#}
        {%- set counted = [] -%}
        {%- for column in columns -%}
            {%- do counted.append('count("' ~ column.replace('"', '""') ~ '")') -%}
        {%- endfor -%}
        {%- if run_query(
            'select count(*), ' ~ counted | join(', ') ~ ' from read_csv(' ~ file.sql ~ ", ignore_errors = true, compression = '"
            ~ file.compression ~ "', " ~ csv_options(settings, columns) ~ ')'
        ).rows[0][0] == totals[0] -%}
            {{ return({'rows': totals[0], 'rejected': 0, 'is_mended': false}) }}
        {%- endif -%}
    {%- endif -%}

    {%- set judged -%}
        create or replace temp table judged_rows as
        with
        lines as {{ lines }},
        broken as (
            select *, line_number - row_number() over (order by line_number) as stretch
            from lines
            where not ({{ is_whole }})
        ),
        opened as (
            select *, sum(length(line) - length(replace(line, {{ quote }}, '')))
                over (partition by stretch order by line_number) as quote_count,
            from broken
        ),
        numbered as (
            select *, sum(case when is_first then 1 else 0 end)
                over (partition by stretch order by line_number) as row_in_stretch
            from (
                select *, coalesce(lag(quote_count) over (partition by stretch order by line_number) % 2, 0) = 0
                    as is_first
                from opened
            )
        ),
        joined as (
            select stretch, row_in_stretch, min(line_number) as line_number,
                string_agg(line, chr(10) order by line_number) as line
            from numbered
            group by stretch, row_in_stretch
            having count(*) > 1
        ),
        mended as (
            select * from joined
            where {{ csv_cells('line', settings, is_sound=true) }}
                and len({{ csv_cells('line', settings) }}) = {{ columns | length }}
        ),
        rows_found as (
            select line_number, line, cast(null as varchar) as reason from lines where {{ is_whole }} and line <> ''
            union all
            select line_number, line, null from mended
            union all
            select numbered.line_number, numbered.line,
                case
                    when cell_count is null then 'broken_quotes'
                    when cell_count > {{ columns | length }} then 'too_many_fields'
                    else 'too_few_fields'
                end
            from numbered
            left join mended using (stretch, row_in_stretch)
            where mended.line is null and numbered.line <> ''
        )
        select line_number, {{ utf8_text('line', file, settings) }} as line,
            case when reason is null and not {{ is_utf8('line', file, settings) }} then 'wrong_encoding' else reason end as reason
        from rows_found
    {%- endset -%}
    {%- do run_query(judged) -%}
    {%- set cell -%}
        nullif(
            case
                when starts_with(cell, {{ quote }})
                    then replace(cell[2:-2], {{ quote }} || {{ quote }}, {{ quote }})
                else cell
            end,
            ''
        )
    {%- endset -%}
    {{ return(keep_judged_rows(
        source, file, 'to_json(list_transform(' ~ csv_cells('line', settings) ~ ', lambda cell: ' ~ cell ~ '))'
    )) }}
{%- endmacro %}
