{#
    The only clock: the instant that every window ends at.

    {{ as_of() }}  →  cast('2026-06-30 00:00:00.000000' as timestamp)

    Reads var `as_of` (ISO 8601; an instant without an offset is UTC); without it, the start of
    the run. Nothing else in the project may ask for the time.
#}
{% macro as_of() -%}
    {%- set instant = run_started_at -%}
    {%- if var('as_of', none) is not none -%}
        {%- set text = var('as_of') | string -%}
        {%- set iso = '^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.]\d{1,6})?)?([Zz]|[+-]\d\d:?\d\d)?)?$' -%}
        {%- if not modules.re.match(iso, text) -%}
            {{ exceptions.raise_compiler_error(
                "var as_of is '" ~ text ~ "'; give an ISO 8601 instant such as "
                ~ "'2026-06-30T00:00:00Z' (without an offset it is read as UTC)"
            ) }}
        {%- endif -%}
        {%- set instant = modules.datetime.datetime.fromisoformat(text | upper) -%}
    {%- endif -%}
    {%- if instant.tzinfo is not none -%}
        {%- set instant = instant.astimezone(modules.pytz.utc) -%}
    {%- endif -%}
    cast('{{ instant.strftime("%Y-%m-%d %H:%M:%S.%f") }}' as timestamp)
{%- endmacro %}
