{#
    A UTC timestamp without zone from text, a number or any timestamp type; null when it cannot be
    read.

    {{ utc_timestamp('received_at') }}
    →  case when typeof(received_at) like 'TIMESTAMP%' then …
           else coalesce(try_cast(case when regexp_matches(…) then … end as timestamptz) …) end

    '2016-04-27T16:28:50-04:00' becomes 2016-04-27 20:28:50. What is read is ISO 8601: a day, or a
    day and a time with T or a blank between them, seconds and their fraction, and an offset (Z,
    UTC, GMT, +02:00, +0200, +02, with a blank before it or none); the seconds, milliseconds or
    microseconds since 1970 (epoch_text_timestamp); and what var source_times says of the source
    whose model asks. Without an offset it is UTC, or the zone given there; sessions run in UTC
    (refuse_other_sessions). Microseconds are kept, what is finer is cut off. Words such as `now`
    and `infinity`, which engines read, are no times.
#}
{% macro utc_timestamp(column) -%}
    {{ return(adapter.dispatch('utc_timestamp')(column)) }}
{%- endmacro %}

{% macro default__utc_timestamp(column) -%}
    {%- set text = 'upper(' ~ trimmed('cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ ')') ~ ')' -%}
    {%- set day_and_time = '[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}'
        ~ '([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?' -%}
    {%- set iso = 'case when ' ~ regex_matches(
        text, '^' ~ day_and_time ~ '( ?(Z|UTC|GMT|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?))?)?$'
    ) ~ ' then ' ~ regex_replace(
        regex_replace(text, '(UTC|GMT)$', 'Z'), ' ([Z+-])', '\\1'
    ) ~ ' end' -%}
    {%- set times = times_of_source() -%}
    coalesce(
        {% if times.time_zone -%}
        {#- What has no offset comes first: it is read in the source's zone. -#}
        {{ from_zone(
            read_timestamp('case when ' ~ regex_matches(text, '^' ~ day_and_time ~ ')?$') ~ ' then ' ~ text ~ ' end'),
            times.time_zone
        ) }},
        {% endif -%}
        {{ read_timestamp(iso) }},
        {% for format in times.time_format -%}
        {%- set read = read_timestamp(formatted_time(text, format)) -%}
        {{ from_zone(read, times.time_zone) if times.time_zone else read }},
        {% endfor -%}
        {{ epoch_text_timestamp(text) }}
    )
{%- endmacro %}

{#
    Parquet files have timestamps, which need no reading; DuckDB knows the type before it sees a row.
    Years that no text can have, and infinity, are no times either.
#}
{% macro duckdb__utc_timestamp(column) -%}
    {%- set zone = times_of_source().time_zone -%}
    case
        when typeof({{ column }}) not like 'TIMESTAMP%' then {{ default__utc_timestamp(column) }}
        when
            try_cast({{ column }} as timestamptz) >= timestamptz '1000-01-01'
            and try_cast({{ column }} as timestamptz) < timestamptz '10000-01-01'
            then {% if zone -%}
            case
                when typeof({{ column }}) like '%ZONE' then try_cast({{ column }} as timestamptz) at time zone 'UTC'
                else {{ from_zone('try_cast(' ~ column ~ ' as timestamp)', zone) }}
            end
            {%- else -%} try_cast({{ column }} as timestamptz) at time zone 'UTC' {%- endif %}
    end
{%- endmacro %}
