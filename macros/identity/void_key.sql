{#
    How an identifier is looked up among the void ones, once void_spelling has spelled it: as 0 when
    it is made of zeros, dashes, dots and colons alone, as ? when it is one character, as xxx when
    it is x alone, as -1 when it is a small number below zero, as null when it is what dumps of
    databases write for it or such words several times over, and as <> when it is what a template
    left behind that nobody filled in.

    {{ void_key('spelling') }}
    →  '0000' gives '0', 'x' gives '?', '-2.0' gives '-1', '${user.id}' and '[user_id]' give '<>'
#}
{% macro void_key(spelling) -%}
    {%- set absent = '(null|undefined|none|nil|nan)' -%}
    {%- set brackets = 'translate(' ~ spelling ~ ', ' ~ text_literal('[]()"\'') ~ ", '<><>')" -%}
    case
        when translate({{ spelling }}, '0-.:', '') = '' then '0'
        when length({{ spelling }}) = 1 then '?'
        when {{ regex_matches(spelling, '^x[x-]+$') }} then 'xxx'
        when {{ regex_matches(spelling, '^-[0-9]{1,4}([.]0+)?$') }} then '-1'
        when {{ spelling }} = {{ text_literal('\\n') }} then 'null'
        when {{ regex_matches(spelling, '^' ~ absent ~ '([ ,_|:/-]+' ~ absent ~ ')+$') }}
            then 'null'
        when {{ regex_matches(spelling,
            '^(.?[{].*[}]|%.*%|<.*>|#.+#|[*][|].*[|][*]|:[a-z_]+|__[a-z_]+__)$') }} then '<>'
        when {{ regex_matches(brackets, '^<+[a-z%][a-z _.%/-]*>+$') }} then '<>'
        else {{ spelling }}
    end
{%- endmacro %}
