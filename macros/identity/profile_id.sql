{#
    The id of the profile that an identifier names. It is salted (var identity_salt), because a bare
    hash of an e-mail address can be turned back by hashing every address one knows.

    {{ profile_id('identifier_type', 'identifier_value') }}
    →  md5('audience-engine|' || identifier_type || '|' || identifier_value)
#}
{% macro profile_id(identifier_type, identifier_value) -%}
    {{ dbt.hash(dbt.concat([
        "'" ~ var('identity_salt') ~ "|'", identifier_type, "'|'", identifier_value,
    ])) }}
{%- endmacro %}
