{#
    The number of rows of a relation for which a condition holds, counted while the model is built.

    count_rows(parents, 'root <> last_root')  →  17
#}
{% macro count_rows(relation, condition='true') -%}
    {{ return(run_query('select count(*) from ' ~ relation ~ ' where ' ~ condition).rows[0][0] | int) }}
{%- endmacro %}
