{#
    A UTC timestamp without zone from text or any timestamp type; null when it cannot be read.

    {{ utc_timestamp('received_at') }}
    →  case when typeof(received_at) like 'TIMESTAMP%' then …
           else try_cast(case when regexp_matches(…) then … end as timestamptz) at time zone 'UTC' end

    '2016-04-27T16:28:50-04:00' becomes 2016-04-27 20:28:50. What is read is ISO 8601 and nothing
    else: a day, or a day and a time with T or a blank between them, seconds and their fraction, and
    an offset (Z, +02:00, +0200, +02, with a blank before it or none). Without an offset it is UTC,
    which holds because sessions run in UTC (refuse_other_sessions). Microseconds are kept, what is
    finer is cut off. Words such as `now` and `infinity`, which engines read, are no times.
#}
{% macro utc_timestamp(column) -%}
    {{ return(adapter.dispatch('utc_timestamp')(column)) }}
{%- endmacro %}

{% macro default__utc_timestamp(column) -%}
    {%- set text = 'upper(' ~ trimmed('cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ ')') ~ ')' -%}
    {{ read_timestamp(
        'case when ' ~ regex_matches(
            text,
            '^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}'
            ~ '([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
            ~ '( ?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?))?)?$'
        ) ~ ' then ' ~ regex_replace(text, ' ([Z+-])', '\\1') ~ ' end'
    ) }}
{%- endmacro %}

{#
    Parquet files have timestamps, which need no reading; DuckDB knows the type before it sees a row.
    Years that no text can have, and infinity, are no times either.
#}
{% macro duckdb__utc_timestamp(column) -%}
    case
        when typeof({{ column }}) not like 'TIMESTAMP%' then {{ default__utc_timestamp(column) }}
        when
            try_cast({{ column }} as timestamptz) >= timestamptz '1000-01-01'
            and try_cast({{ column }} as timestamptz) < timestamptz '10000-01-01'
            then try_cast({{ column }} as timestamptz) at time zone 'UTC'
    end
{%- endmacro %}
