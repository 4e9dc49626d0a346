{#
    True when the goal of a segment fits the person: what is said to win someone over is not said
    to a customer, nor the other way round; to those who are excluded nothing is said.

    {{ fits_lifecycle('catalog.goal', 'traits.is_customer') }}
    →  case when catalog.goal = 'convert' then not traits.is_customer … end
#}
{% macro fits_lifecycle(goal, is_customer) -%}
    case
        when {{ goal }} = 'convert' then not {{ is_customer }}
        when {{ goal }} = 'retain' then {{ is_customer }}
        when {{ goal }} = 'exclude' then false
        else true
    end
{%- endmacro %}
