{#
    The one spelling of a page's path: without scheme, host, query, fragment, index file, locale
    (var page_locales) and trailing slash, in lower case, decoded. From the address of the page where
    the path is missing; null where both are. A fragment that is a route of an app (#/pricing,
    #!/pricing) is part of the path, since apps keep their pages there.

    {{ page_path('page_path', 'page_url') }}
    →  '/pricing' for 'HTTPS://Shop.Test:443/EN-us/Pricing/index.html?a=1#x'

    Most paths, or what stands behind the host, are spelled like that already, which one look tells;
    only the others are taken apart.
#}
{% macro page_path(path, url) -%}
    {%- set path_text, url_text = clean_text(path), clean_text(url) -%}
    {%- set locale = page_locale_pattern() -%}
    {#- An address may lack its scheme (//shop.test/a, shop.test/a); a path may not begin with a host. -#}
    {%- set from_path = regex_replace(path_text, '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*', '') -%}
    {%- set from_url = regex_replace(
        url_text,
        '^(([a-zA-Z][a-zA-Z0-9+.-]*:)?//[^/?#]*|[a-zA-Z0-9-]+([.][a-zA-Z0-9-]+)+(:[0-9]+)?)', ''
    ) -%}
    {%- set place = 'coalesce(' ~ from_path ~ ', ' ~ from_url ~ ')' -%}
    {%- set address = 'coalesce(' ~ url_text ~ ', ' ~ path_text ~ ')' -%}
    {%- set route -%}
        case
            when {{ regex_matches(address, '^[^#]*#!?/') }}
                then {{ without_query(regex_replace(address, '^[^#]*#!?/', '/')) }}
            else ''
        end
    {%- endset -%}
    {%- set joined = lower_text(dbt.concat(["'/'", without_query(place), route])) -%}
    {%- set decoded -%}
        case
            when {{ dbt.position("'%'", place) }} > 0 or {{ dbt.position("'%'", address) }} > 0
                then {{ percent_decoded(joined) }}
            else {{ joined }}
        end
    {%- endset -%}
    {%- set walked = regex_replace(decoded, '(;[^/]*)?/+', '/') -%}
    {%- set ended = regex_replace(
        walked, '(/((index|default)[.](html?|php|aspx?|jsp)/?)?|;[^/]*)$', ''
    ) -%}
    {%- set here = regex_replace(ended, locale, '/') if locale else ended -%}
    {#- Both looks are cheap: an address is cut by places, not by patterns. -#}
    {%- set behind = 'substring(' ~ without_query(url) ~ ', ' ~ dbt.position("'//'", url) ~ ' + 2)' -%}
    {%- set quick = 'substring(' ~ behind ~ ', ' ~ dbt.position("'/'", behind) ~ ')' -%}
    case
        when coalesce({{ dbt.position("'#'", url) }}, 0) = 0 and {{ is_spelled(path) }} then {{ path }}
        when
            {{ dbt.position("'://'", url) }} in (5, 6)
            and {{ dbt.position("'#'", url) }} = 0
            and nullif({{ path }}, '') is null
            and {{ is_spelled(quick) }}
            then {{ quick }}
        when coalesce({{ path_text }}, {{ url_text }}) is not null
            then coalesce(nullif({{ here }}, ''), '/')
    end
{%- endmacro %}
