{#
    What the locale at the beginning of a path looks like, as a pattern of regex_replace; empty when
    var page_locales is. A language stands for its regions and scripts too: en for en-us and en_GB,
    zh for zh-hant.

    page_locale_pattern()  →  ^/(en|de)([-_]([a-z]{2}|…))?(/|$)
#}
{% macro page_locale_pattern() -%}
    {%- set locales = [] -%}
    {%- for locale in var('page_locales') -%}
        {%- set locale = (locale | string | trim | lower).strip('/') -%}
        {%- if not modules.re.match('[a-z0-9]+([-_/][a-z0-9]+)*$', locale) -%}
            {{ exceptions.raise_compiler_error(
                "page_locales: '" ~ locale ~ "' is no locale. Write what stands at the beginning of a "
                ~ "path, such as en, pt-br or us/en."
            ) }}
        {%- endif -%}
        {%- do locales.append(locale) -%}
    {%- endfor -%}
    {%- if locales -%}
        {{ return('^/(' ~ locales | join('|')
            ~ ')([-_]([a-z]{2}|hans|hant|latn|cyrl|419)([-_][a-z]{2})?)?(/|$)') }}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}
