{#
    One row when a Zstandard file ends before its end. It is walked from frame to frame and in a frame
    from block to block, whose headers say how long each is (RFC 8878); whoever does not arrive behind
    the last byte at the end of a frame has only a part of it. DuckDB copies a file's whole content for
    every step, so that files above 4 MB are not walked.

    cut_zstd_sql(<file>)  →  with recursive walk as (…) select 1 from walk having …
#}
{% macro cut_zstd_sql(file) -%}
    {%- set frame_mark = 4247762216 -%}
    with recursive file as materialized (
        select
            content,
            octet_length(content) as size
        from read_blob({{ file.sql }})
        where size <= 4000000
    ),

    walk as (
        select
            cast(1 as bigint) as place,
            true as is_frame,
            cast(0 as bigint) as checksum

        union all

        select
            case
                when is_frame and mark = {{ frame_mark }} then
                    place + 5
                    + (1 - (descriptor >> 5) % 2)
                    + [0, 1, 2, 4][descriptor % 4 + 1]
                    + [(descriptor >> 5) % 2, 2, 4, 8][(descriptor >> 6) + 1]
                -- A frame to be skipped.
                when is_frame then place + 8 + {{ blob_number('place + 4', 4) }}
                -- A block of one repeated byte has that byte alone.
                else
                    place + 3
                    + case when (block >> 1) % 4 = 1 then 1 else block >> 3 end
                    + block % 2 * checksum
            end as place,
            case when is_frame then mark != {{ frame_mark }} else block % 2 = 1 end as is_frame,
            case when is_frame then (descriptor >> 2) % 2 * 4 else checksum end as checksum
        from (
            select
                *,
                {{ blob_number('place', 4) }} as mark,
                {{ blob_number('place + 4', 1) }} as descriptor,
                {{ blob_number('place', 3) }} as block
            from walk, file
            where place <= size
        )
    )

    select 1 from walk, file
    having count(*) > 0 and not bool_or(is_frame and place = size + 1)
{%- endmacro %}
