{#
    True when a text ends with another; null when one is null. A pattern of `like` would take the
    signs % and _ in the other one for wildcards.

    {{ ends_with('domain', "'.' || owner.domain") }}
    →  right(domain, length('.' || owner.domain)) = '.' || owner.domain
#}
{% macro ends_with(text, end) -%}
    {{ dbt.right(text, 'length(' ~ end ~ ')') }} = {{ end }}
{%- endmacro %}
