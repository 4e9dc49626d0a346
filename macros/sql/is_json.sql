{#
    True when a text is JSON to the letter (RFC 8259), and every engine can hold its texts. False,
    not null, for null. A comma before a closing bracket, NaN, Infinity, the character \u0000 and
    half a surrogate pair are what some engines take and others do not.

    {{ is_json('payload') }}  →  coalesce(json_valid(payload) and …, false)
#}
{% macro is_json(column) -%}
    {{ return(adapter.dispatch('is_json')(column)) }}
{%- endmacro %}

{% macro default__is_json(column) -%}
    {%- set text = 'cast(' ~ column ~ ' as varchar)' -%}
    {%- set without_strings = "regexp_replace(" ~ text ~ ", '\"([^\"\\\\]|\\\\.)*\"', '\"\"', 'g')" -%}
    coalesce(
        json_valid({{ column }})
        {#- A pair of backslashes is one that is meant; what follows it is not escaped. #}
        and not contains(replace({{ text }}, '\\', ''), '\u0000')
        {#- Only a text that looks lenient is looked at again, with its strings taken out; `and` would
            look at every one. #}
        and case
            when
                contains(lower({{ text }}), 'nan')
                or contains(lower({{ text }}), 'inf')
                or regexp_matches({{ text }}, ',[ \t\r\n]*[]}]')
                then not regexp_matches({{ without_strings }}, '(?i),[ \t\r\n]*[]}]|nan|inf')
            else true
        end,
        false
    )
{%- endmacro %}

{% macro postgres__is_json(column) -%}
    coalesce(pg_input_is_valid(cast({{ column }} as text), 'jsonb'), false)
{%- endmacro %}

{#
    Spark has no test of JSON, and its functions read more than JSON. So escapes, then strings, then
    numbers and words, become one sign each, and brackets around what is left, from inside to
    outside: one sign is what remains of JSON. No pattern repeats a group, which would overflow the
    stack on a long text. Objects and arrays may be nested sixteen deep.
#}
{% macro spark__is_json(column) -%}
    {%- set text = 'cast(' ~ column ~ ' as string)' -%}
    {%- set halves = '(?i)\\\\u0000|\\\\ud[89ab][0-9a-f]{2}(?!\\\\ud[c-f][0-9a-f]{2})|(?<!\\\\ud[89ab][0-9a-f]{2})\\\\ud[c-f][0-9a-f]{2}' -%}
    {%- set reduced = namespace(text=text) -%}
    {%- for pattern, replacement in [
        ('\\\\(["\\\\/bfnrt]|u[0-9a-fA-F]{4})', 'chr(1)'),
        ('"[^"\\\\\\x00\\x02-\\x1f]*"', 'chr(2)'),
        ('(?<![0-9a-zA-Z.+-])(-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?|true|false|null)(?![0-9a-zA-Z.+-])', "'0'"),
        ('[ \t\r\n]+', "' '"), (' ?([:,{}]|\\[|\\]) ?', "'$1'"),
    ] -%}
        {%- set reduced.text = 'regexp_replace(' ~ reduced.text ~ ', ' ~ text_literal(pattern) ~ ', ' ~ replacement ~ ')' -%}
    {%- endfor -%}
    {%- for _ in range(16) -%}
        {%- set reduced.text = 'regexp_replace(' ~ reduced.text ~ ', '
            ~ text_literal('\\[([0\\x02](,[0\\x02])*)?\\]|[{](\\x02:[0\\x02](,\\x02:[0\\x02])*)?[}]') ~ ", '0')" -%}
    {%- endfor -%}
    coalesce(
        trim({{ reduced.text }}) in ('0', chr(2))
        and not {{ text }} rlike {{ text_literal('[\\x01\\x02]') }}
        and not replace({{ text }}, {{ text_literal('\\\\') }}, '') rlike {{ text_literal(halves) }},
        false
    )
{%- endmacro %}

{# A number that no float holds to the letter is JSON all the same. #}
{% macro bigquery__is_json(column) -%}
    coalesce(
        safe.parse_json({{ column }}, wide_number_mode => 'round') is not null
        and strpos({{ column }}, {{ text_literal('\\u0000') }}) = 0,
        false
    )
{%- endmacro %}

{% macro trino__is_json(column) -%}
    coalesce(
        try(json_parse({{ column }})) is not null
        and strpos({{ column }}, {{ text_literal('\\u0000') }}) = 0,
        false
    )
{%- endmacro %}

{% macro snowflake__is_json(column) -%}
    coalesce(try_parse_json({{ column }}) is not null, false)
{%- endmacro %}
