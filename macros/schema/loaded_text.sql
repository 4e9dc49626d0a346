{#
    What a column of a loader's table holds, as the text that staging reads: a whole floating point
    number without a fraction, so that an id is the same whichever type it came in; an instant as ISO
    8601, whatever the session prints; what is nested as JSON.

    loaded_text('"id"', <column id, double precision>)
    →  case when "id" = floor("id") and abs("id") < 9e15
           then cast(cast("id" as bigint) as text) else cast("id" as text) end
#}
{% macro loaded_text(name, column) -%}
    {%- set kind = column.dtype | lower -%}
    {%- if kind in ('double', 'double precision', 'float', 'real', 'float4', 'float8') -%}
        {{ return(whole_number_text(name)) }}
    {%- endif -%}
    {{ return(adapter.dispatch('loaded_text')(name, kind)) }}
{%- endmacro %}

{% macro default__loaded_text(name, kind) -%}
    {{ return('cast(' ~ name ~ ' as ' ~ dbt.type_string() ~ ')') }}
{%- endmacro %}

{% macro postgres__loaded_text(name, kind) -%}
    {%- if kind == 'timestamp with time zone' -%}
        {%- set name = "to_char(" ~ name ~ " at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')" -%}
    {%- elif kind == 'timestamp without time zone' -%}
        {%- set name = "to_char(" ~ name ~ ", 'YYYY-MM-DD\"T\"HH24:MI:SS.US')" -%}
    {%- elif kind == 'date' -%}
        {%- set name = "to_char(" ~ name ~ ", 'YYYY-MM-DD')" -%}
    {%- endif -%}
    {{ return(default__loaded_text(name, kind)) }}
{%- endmacro %}

{% macro spark__loaded_text(name, kind) -%}
    {%- if kind.startswith(('array', 'map', 'struct')) -%}
        {{ return('to_json(' ~ name ~ ')') }}
    {%- endif -%}
    {{ return(default__loaded_text(name, kind)) }}
{%- endmacro %}
