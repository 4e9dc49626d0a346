{#
    A column of a Parquet file as staging reads it: identifiers as text, exactly; floating point
    numbers as text, whole ones without a fraction; what is nested as JSON; anything else as it is,
    or as text where the files of its table disagree.

    parquet_value(<source>, 'user_id', '"user_id"', 'BIGINT', false)  →  cast("user_id" as varchar)
#}
{% macro parquet_value(source, name, column, type, is_mixed) -%}
    {%- if type in ('DOUBLE', 'FLOAT') and is_identifier(source, name) -%}
        {#- Writers that know no nulls write NaN instead. -#}
        {{ return('case when not isnan(' ~ column ~ ') then cast(cast(' ~ column ~ ' as bigint) as varchar) end') }}
    {%- elif type in ('DOUBLE', 'FLOAT') -%}
        {{ return(whole_number_text(column)) }}
    {%- elif type.startswith(('STRUCT', 'MAP')) or type.endswith(']') -%}
        {{ return('cast(to_json(' ~ column ~ ') as varchar)') }}
    {%- elif is_mixed or is_identifier(source, name) -%}
        {{ return('cast(' ~ column ~ ' as varchar)') }}
    {%- endif -%}
    {{ return(column) }}
{%- endmacro %}
