{#
    Fails for every row for which the expression is not true; null is not true.
#}
{% test expression_is_true(model, expression) %}

select *

from {{ model }}
where not coalesce({{ expression }}, false)

{% endtest %}
