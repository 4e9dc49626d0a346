{#
    The 64-bit integer that stands for an identifier inside the project: a function of its type and
    value, so that it is the same in every warehouse. Where it is taken (among a hundred million
    identifiers the chance that any two share one is 0.4 %), int_identity_nodes gives the later one
    that of a further attempt.

    {{ node_key('identifier_type', 'identifier_value') }}
    →  cast('0x' || substring(md5(identifier_type || '|' || identifier_value), 1, 15) as bigint)
    {{ node_key('identifier_type', 'identifier_value', attempt=1) }}
    →  cast('0x' || substring(md5('1|' || identifier_type || '|' || identifier_value), 1, 15) as bigint)

    Fifteen hexadecimal digits are 60 bits, which every engine holds without a sign.
#}
{% macro node_key(identifier_type, identifier_value, attempt=none) -%}
    {%- set parts = [identifier_type, "'|'", identifier_value] -%}
    {%- if attempt is not none -%}
        {%- set parts = ["'" ~ attempt ~ "|'"] + parts -%}
    {%- endif -%}
    {{ return(adapter.dispatch('node_key')(dbt.hash(dbt.concat(parts)))) }}
{%- endmacro %}

{% macro default__node_key(hash) -%}
    cast('0x' || substring({{ hash }}, 1, 15) as bigint)
{%- endmacro %}

{% macro postgres__node_key(hash) -%}
    cast(cast('x0' || substring({{ hash }}, 1, 15) as bit(64)) as bigint)
{%- endmacro %}

{% macro spark__node_key(hash) -%}
    cast(conv(substring({{ hash }}, 1, 15), 16, 10) as bigint)
{%- endmacro %}

{% macro snowflake__node_key(hash) -%}
    cast(to_number(substring({{ hash }}, 1, 15), 'XXXXXXXXXXXXXXX') as bigint)
{%- endmacro %}

{% macro trino__node_key(hash) -%}
    from_base(substring({{ hash }}, 1, 15), 16)
{%- endmacro %}
