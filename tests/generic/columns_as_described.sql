{#
    Fails for every column of a trait model that is not what it should be: a described one must be
    there with its data_type, and never null where its constraints say so; every other one must be
    counted because some model reads it, be a bigint or a boolean, and never null, or be a property of
    the CRM that var crm_properties names. It stands for the contract, which would want a list of the
    counted columns written by hand.
#}
{% test columns_as_described(model) %}

{% set problems, never_null = [], [] %}
{% if execute %}
    {% set described = graph.nodes['model.' ~ project_name ~ '.' ~ model.identifier].columns %}
    {% set counted = counted_columns(model.identifier) %}
    {% set found, types, wanted, properties = {}, {}, [], [] %}
    {% for object in ['contact', 'company', 'deal'] %}
        {% for name in crm_properties(object) %}
            {% do properties.extend(['crm_' ~ name, 'account_crm_' ~ name]) %}
        {% endfor %}
    {% endfor %}
    {% for column in adapter.get_column_schema_from_query('select * from ' ~ model ~ ' where false') %}
        {% do found.update({column.name: column.data_type}) %}
    {% endfor %}
    {% for name, column in described.items() %}
        {% do wanted.append(dbt.cast('null', api.Column.translate_type(column.data_type)) ~ ' as ' ~ name) %}
        {% if column.constraints | selectattr('type', 'equalto', 'not_null') | list and name in found %}
            {% do never_null.append(name) %}
        {% endif %}
    {% endfor %}
    {% for column in adapter.get_column_schema_from_query('select ' ~ wanted | join(', ')) %}
        {% do types.update({column.name: column.data_type}) %}
    {% endfor %}
    {# What this engine calls the two. #}
    {% set countable = adapter.get_column_schema_from_query(
        'select cast(null as bigint) as number, cast(null as boolean) as answer'
    ) | map(attribute='data_type') | list %}

    {% for name, type in types.items() if found.get(name) != type %}
        {% do problems.append((name, 'should be ' ~ type ~ ', is ' ~ found.get(name, 'not there'))) %}
    {% endfor %}
    {% for name in counted if name not in found %}
        {% do problems.append((name, 'is asked for, but not there')) %}
    {% endfor %}
    {% for name, type in found.items() if name not in types %}
        {% if name not in counted %}
            {% do problems.append((name, 'is neither described nor asked for')) %}
        {% elif name in properties %}
            {# A text, and null where the CRM says nothing. #}
        {% elif type not in countable %}
            {% do problems.append((name, 'is counted, so it should be bigint or boolean, is ' ~ type)) %}
        {% else %}
            {% do never_null.append(name) %}
        {% endif %}
    {% endfor %}
{% endif %}

select
    cast(null as {{ dbt.type_string() }}) as column_name,
    cast(null as {{ dbt.type_string() }}) as problem
where false
{% for name, problem in problems %}
union all
select '{{ name }}', '{{ problem }}'
{% endfor %}
{% for name in never_null %}
union all
select '{{ name }}', 'is null in ' || count(*) || ' rows' from {{ model }} where {{ name }} is null having count(*) > 0
{% endfor %}

{% endtest %}
