{#
    A table in which a start of a run keeps what it found in raw files. They are made where they are
    missing, and stay empty on engines whose tables a loader brings.

    intake_table('rejected_rows')  →  intake.rejected_rows

    `files`: one row per file, with its columns and how many rows it has. `rejected_rows`: one row
    per row that cannot be read, with line number and reason. `mended_rows`: the good rows of files
    that have such rows, taken apart. `source_times`: how sources write times.
#}
{% macro intake_table(name) -%}
    {{ return('intake.' ~ name) }}
{%- endmacro %}
