{#
    A JSON value as text on PostgreSQL, null for an object or an array. PostgreSQL gives a number as it
    was written where the others give it as they would write it: 1.50 is 1.5.

    {{ json_scalar("payload #> '{a}'") }}
    →  case when json_typeof(…) = 'number' and … then … else (payload #> '{a}') #>> '{}' end
#}
{% macro json_scalar(value) -%}
    case
        when json_typeof({{ value }}) = 'number' and ({{ value }}) #>> '{}' ~ '[.eE]'
            then regexp_replace(
                cast(cast(({{ value }}) #>> '{}' as double precision) as text), '^(-?[0-9]+)$', '\1.0'
            )
        when json_typeof({{ value }}) not in ('object', 'array') then ({{ value }}) #>> '{}'
    end
{%- endmacro %}
