{#
    The domain in what somebody wrote into a field for a website or a domain: without scheme, mailbox,
    www, port, path and dots at the end, in lower case. What holds a blank or no dot is null.

    {{ clean_domain('property_domain') }}  →  pier.example, from https://www.Pier.example/about
#}
{% macro clean_domain(column) -%}
    {%- set kept = [lower_text(clean_text(column))] -%}
    {%- for pattern in [
        '^([a-z]+:)?//', '[/?#].*$', '^.*@', ':.*$', '^www[.]', '[.]+$', '^[^.]*$', '^.* .*$'
    ] -%}
        {%- do kept.append(regex_replace(kept[-1], pattern, '')) -%}
    {%- endfor -%}
    nullif({{ kept[-1] }}, '')
{%- endmacro %}
