{#
    One value of the first object in a JSON array, whose key is written with underscores or with
    capital letters.

    {{ json_item_spelled('client_session', 'user_id') }}
    →  coalesce(json_item(client_session, 0, 'user_id'), json_item(client_session, 0, 'userId'))
#}
{% macro json_item_spelled(column, key) -%}
    {%- set words = key.split('_') -%}
    coalesce(
        {{ json_item(column, 0, key) }},
        {{ json_item(column, 0, words[0] ~ words[1:] | map('title') | join('')) }}
    )
{%- endmacro %}
