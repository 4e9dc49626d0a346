{#
    Stop when a seed names pages in a way that no page is spelled: without a slash, with a domain, or
    with what page_path takes off. Such a pattern would fit nothing, or more than is meant.

    check_page_patterns(ref('behavior_rules'), 'page_path_pattern')
    →  nothing, or one error that names each pattern and what to write

    Runs after the seed is loaded.
#}
{% macro check_page_patterns(seed, column) -%}
    {%- if execute -%}
        {%- set locale = page_locale_pattern() -%}
        {%- set problems = [] -%}
        {%- for pattern in run_query('select distinct ' ~ column ~ ' from ' ~ seed).columns[0].values() | sort -%}
            {%- set problem = none -%}
            {%- if pattern == '*' -%}
            {%- elif '://' in pattern or modules.re.match('[*]?(//)?[a-z0-9-]+([.][a-z0-9-]+)*[.][a-z]{2,}(:[0-9]+)?(/|$)', pattern | lower)
                and not modules.re.search('[.](html?|php|aspx?|jsp|pdf)$', pattern) -%}
                {%- set problem = 'names a domain, and paths have none: begin with the slash behind it' -%}
            {%- elif not modules.re.match('[*]?/', pattern) -%}
                {%- set begun = modules.re.sub('^[*](?=[a-z0-9])', '*/', pattern | lower) -%}
                {%- set problem = "does not begin with a slash: write '"
                    ~ (begun if begun.startswith('*/') else '/' ~ begun) ~ "'" -%}
            {%- elif '?' in pattern or '#' in pattern -%}
                {%- set problem = 'has a query or fragment, and paths have none; campaigns are read by the object of campaign_arrived' -%}
            {%- elif pattern != pattern | lower -%}
                {%- set problem = "has capital letters, and paths have none: write '" ~ pattern | lower ~ "'" -%}
            {%- elif '//' in pattern or pattern | length > 1 and pattern.endswith('/') -%}
                {%- set problem = "has a slash too many: write '" ~ modules.re.sub('//+', '/', pattern).rstrip('/') ~ "', which is the page and all below it" -%}
            {%- elif modules.re.search('/(index|default)[.](html?|php|aspx?|jsp)$', pattern) -%}
                {%- set problem = 'names an index file, and paths have none: end with the folder' -%}
            {%- elif modules.re.search('[^/*_.-][*](/|$)', pattern) -%}
                {%- set problem = "would also be '" ~ pattern[:-1] ~ "-something': write '" ~ pattern[:-1] ~ "', which is the page and all below it" -%}
            {%- elif locale and modules.re.match(locale, pattern) -%}
                {%- set problem = 'begins with a locale, and paths have none (var page_locales): leave it out' -%}
            {%- endif -%}
            {%- if problem -%}
                {%- do problems.append("'" ~ pattern ~ "' " ~ problem) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if problems -%}
            {{ exceptions.raise_compiler_error(
                'Patterns of pages that no page fits (' ~ column ~ ' of seeds/' ~ seed.identifier ~ '.csv):\n    '
                ~ problems | join('\n    ') ~ '\nPaths are spelled as docs/semantics.md says.'
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
