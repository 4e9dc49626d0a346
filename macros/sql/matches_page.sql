{#
    True when a path is what a pattern names or lies below it: /pricing is /pricing and
    /pricing/enterprise, never /pricing-psychology. * stands for any characters.

    {{ matches_page('page_path', 'page_path_pattern') }}
    →  (page_path like … or page_path like … || '/%')
#}
{% macro matches_page(path, pattern) -%}
    (
        {{ matches(path, pattern) }}
        or {{ matches(path, dbt.concat([pattern, "'/*'"])) }}
    )
{%- endmacro %}
