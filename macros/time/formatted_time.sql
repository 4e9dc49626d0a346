{#
    ISO 8601 text from text in upper case that is written in a format of its own; null when it is not.

    {{ formatted_time('text', '%m/%d/%Y') }}
    →  case when regexp_matches(text, '^([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})$')
           then regexp_replace(text, …, '\3') || '-' || lpad(…) || … end

    A format is made of %Y (four digits), %y (two, of this century), %m, %d, %H, %I with %p (am, pm),
    %M, %S, %f (a fraction of seconds), %b (Jan), and any other signs as they are. Zeros in front may
    be missing.
#}
{% macro formatted_time(text, format) -%}
    {%- set patterns = {
        '%Y': '([0-9]{4})', '%y': '([0-9]{2})', '%m': '([0-9]{1,2})', '%d': '([0-9]{1,2})', '%H': '([0-9]{1,2})',
        '%I': '([0-9]{1,2})', '%M': '([0-9]{1,2})', '%S': '([0-9]{1,2})', '%f': '([0-9]{1,6})', '%p': '([AP]M)',
        '%b': '(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)',
    } -%}
    {%- set pattern, places = [], [] -%}
    {%- for piece in modules.re.findall('%.|[^%]', format) -%}
        {%- if piece in patterns -%}
            {%- do places.append(piece) -%}
        {%- elif piece.startswith('%') -%}
            {{ exceptions.raise_compiler_error(
                "the time format '" ~ format ~ "' has " ~ piece ~ ', which is none of ' ~ patterns | join(', ')
            ) }}
        {%- endif -%}
        {%- do pattern.append(
            patterns.get(piece) or (piece if modules.re.match('[A-Za-z0-9 ,:/-]', piece) else '[' ~ piece ~ ']') | upper
        ) -%}
    {%- endfor -%}
    {%- set whole = '^' ~ pattern | join ~ '$' -%}
    {%- set parts = {} -%}
    {%- for place in places -%}
        {%- do parts.update({place: regex_replace(text, whole, '\\' ~ loop.index)}) -%}
    {%- endfor -%}

    {%- set two = {} -%}
    {%- for place in ['%m', '%d', '%H', '%M', '%S'] -%}
        {%- do two.update({place: 'lpad(' ~ parts[place] ~ ", 2, '0')" if place in parts else ("'01'" if place in ['%m', '%d'] else "'00'")}) -%}
    {%- endfor -%}
    {%- set string = dbt.type_string() -%}
    {%- if '%b' in parts -%}
        {%- set place = dbt.position(parts['%b'], "'JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC'") -%}
        {%- do two.update({'%m': 'lpad(cast(cast(floor((' ~ place ~ ' + 2) / 3) as int) as ' ~ string ~ "), 2, '0')"}) -%}
    {%- endif -%}
    {%- if '%I' in parts -%}
        {%- set hours = 'cast(' ~ parts['%I'] ~ ' as int)' -%}
        {%- set half = 'case when ' ~ parts['%p'] ~ " = 'PM' then 12 else 0 end" if '%p' in parts else '0' -%}
        {%- do two.update({'%H': 'lpad(cast(' ~ hours ~ ' % 12 + ' ~ half ~ ' as ' ~ string ~ "), 2, '0')"}) -%}
    {%- endif -%}
    {%- set iso = [
        parts['%Y'] if '%Y' in parts else "'20' || " ~ parts['%y'],
        "'-'", two['%m'], "'-'", two['%d'], "' '", two['%H'], "':'", two['%M'], "':'", two['%S'],
    ] -%}
    {%- if '%f' in parts -%}
        {%- do iso.extend(["'.'", parts['%f']]) -%}
    {%- endif -%}
    case when {{ regex_matches(text, whole) }} then {{ iso | join(' || ') }} end
{%- endmacro %}
