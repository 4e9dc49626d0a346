{#
    Aggregate: the texts of a group in one text, in the order of another column; null where there
    is none.

    {{ text_list('segment', ';', 'segment') }}  →  string_agg(segment, ';' order by segment)
#}
{% macro text_list(text, separator, order_by) -%}
    {{ return(adapter.dispatch('text_list')(text, text_literal(separator), order_by)) }}
{%- endmacro %}

{% macro default__text_list(text, separator, order_by) -%}
    string_agg({{ text }}, {{ separator }} order by {{ order_by }})
{%- endmacro %}

{% macro spark__text_list(text, separator, order_by) -%}
    case when count({{ text }}) > 0 then array_join(
        transform(
            sort_array(collect_list(case when {{ text }} is not null then struct({{ order_by }} as place, {{ text }} as words) end)),
            entry -> entry.words
        ),
        {{ separator }}
    ) end
{%- endmacro %}

{% macro trino__text_list(text, separator, order_by) -%}
    {{ snowflake__text_list(text, separator, order_by) }}
{%- endmacro %}

{% macro snowflake__text_list(text, separator, order_by) -%}
    case when count({{ text }}) > 0
        then listagg({{ text }}, {{ separator }}) within group (order by {{ order_by }}) end
{%- endmacro %}
