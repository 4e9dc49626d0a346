{#
    A value of a form as browsers and servers post it, decoded; null when it is not encoded as UTF-8.

    {{ form_decoded("'%5B%7B%22a%22%3A+1%7D%5D'") }}  →  [{"a": 1}]
#}
{% macro form_decoded(text) -%}
    {{ return(adapter.dispatch('form_decoded')('replace(' ~ text ~ ", '+', ' ')")) }}
{%- endmacro %}

{% macro default__form_decoded(text) -%}
    case when {{ form_faults(text) }} not like '%!%%' escape '!' then url_decode({{ text }}) end
{%- endmacro %}

{% macro postgres__form_decoded(text) -%}
    case
        when {{ form_faults(text) }} not like '%!%%' escape '!'
            then (
                select convert_from(string_agg(
                    case
                        when parts.part[1] like '!%%' escape '!'
                            then decode(replace(parts.part[1], '%', ''), 'hex')
                        else convert_to(parts.part[1], 'UTF8')
                    end,
                    cast('' as bytea) order by parts.place
                ), 'UTF8')
                from regexp_matches({{ text }}, '(?:%[0-9a-fA-F]{2})+|[^%]+', 'g')
                    with ordinality as parts (part, place)
            )
    end
{%- endmacro %}
