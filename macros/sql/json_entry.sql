{#
    One value of a JSON array of keys and values, as text: the first of its kinds that is filled in.
    Google Analytics keeps the parameters of an event like that.

    {{ json_entry('event_params', 'page_location') }}
    →  'https://shop.test/' for [{"key": "page_location", "value": {"string_value": "https://shop.test/"}}]

    The JSON must be readable: guard a column of unknown quality with json_or_null().
#}
{% macro json_entry(column, key) -%}
    {{ return(adapter.dispatch('json_entry')(
        column, key, ['string_value', 'int_value', 'float_value', 'double_value']
    )) }}
{%- endmacro %}

{% macro default__json_entry(column, key, kinds) -%}
    {%- set entry -%}
        list_filter(
            json_extract({{ column }}, '$[*]'),
            lambda entry: json_extract_string(entry, '$.key') = '{{ key }}'
        )[1]
    {%- endset -%}
    coalesce(
        {%- for kind in kinds %}
        json_extract_string({{ entry }}, '$.value.{{ kind }}'){{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{% macro postgres__json_entry(column, key, kinds) -%}
    (
        select coalesce(
            {%- for kind in kinds %}
            entry -> 'value' ->> '{{ kind }}'{{ ',' if not loop.last }}
            {%- endfor %}
        )
        from json_array_elements(
            case
                when json_typeof(cast({{ column }} as json)) = 'array' then cast({{ column }} as json)
            end
        ) as entry
        where entry ->> 'key' = '{{ key }}'
        limit 1
    )
{%- endmacro %}

{% macro spark__json_entry(column, key, kinds) -%}
    {%- set entry -%}
        filter(
            from_json(
                {{ column }},
                'array<struct<key: string, value: struct<{{ kinds | join(": string, ") }}: string>>>'
            ),
            entry -> entry.key = '{{ key }}'
        )[0].value
    {%- endset -%}
    coalesce(
        {%- for kind in kinds %}
        {{ entry }}.{{ kind }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{% macro bigquery__json_entry(column, key, kinds) -%}
    (
        select coalesce(
            {%- for kind in kinds %}
            json_value(entry, '$.value.{{ kind }}'){{ ',' if not loop.last }}
            {%- endfor %}
        )
        from unnest(json_query_array({{ column }})) as entry
        where json_value(entry, '$.key') = '{{ key }}'
        limit 1
    )
{%- endmacro %}

{% macro snowflake__json_entry(column, key, kinds) -%}
    {%- set entry -%}
        get(
            get(
                filter(
                    cast(parse_json({{ column }}) as array),
                    entry -> cast(get(entry, 'key') as varchar) = '{{ key }}'
                ), 0
            ), 'value'
        )
    {%- endset -%}
    coalesce(
        {%- for kind in kinds %}
        cast(get({{ entry }}, '{{ kind }}') as varchar){{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{% macro trino__json_entry(column, key, kinds) -%}
    {%- set entry -%}
        element_at(
            filter(
                try(cast(json_parse({{ column }}) as array(json))),
                entry -> json_extract_scalar(entry, '$.key') = '{{ key }}'
            ), 1
        )
    {%- endset -%}
    coalesce(
        {%- for kind in kinds %}
        json_extract_scalar({{ entry }}, '$.value.{{ kind }}'){{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
