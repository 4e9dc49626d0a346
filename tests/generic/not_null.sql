{#
    Fails for every row that has no value in the column. dbt's own test gives that column alone,
    which names nobody.
#}
{% test not_null(model, column_name) %}

select *

from {{ model }}
where {{ column_name }} is null

{% endtest %}
