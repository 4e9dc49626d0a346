{#
    The mailbox that an address reaches: Gmail ignores dots and whatever follows a plus sign.

    {{ mailbox_of('email') }}  →  'j.doe+news@googlemail.com' gives 'jdoe@gmail.com'; others stay
#}
{% macro mailbox_of(email) -%}
    {%- set local_part = part_of(email, "'@'", 1) -%}
    case
        when {{ part_of(email, "'@'", 2) }} in ('gmail.com', 'googlemail.com')
            then {{ dbt.concat([
                "replace(" ~ part_of(local_part, "'+'", 1) ~ ", '.', '')", "'@gmail.com'"
            ]) }}
        else {{ email }}
    end
{%- endmacro %}
