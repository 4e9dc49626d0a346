{#
    Fails when the newest value of a timestamp column is more than so many hours before as_of, or
    when there is no row at all. Unlike `dbt source freshness` it reads no wall clock.
#}
{% test fresh_within(model, column_name, hours) %}

select
    max({{ column_name }}) as newest,
    {{ as_of() }} as as_of

from {{ model }}
having
    max({{ column_name }}) is null
    or max({{ column_name }}) < {{ as_of() }} - interval '{{ hours }}' hour

{% endtest %}
