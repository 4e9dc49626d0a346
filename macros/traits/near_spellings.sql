{#
    Those of the known names that are spelt most like a word, best first, three at most. What counts
    is how many pairs of neighbouring letters the two share.

    near_spellings('pricing_page_view', ['pricing_page_viewed', 'page_viewed', 'order_completed'])
    →  ['pricing_page_viewed', 'page_viewed']
#}
{% macro near_spellings(word, known) -%}
    {%- set scored = [] -%}
    {%- for name in known -%}
        {%- set left = [] -%}
        {%- for letter in name[1:] -%}
            {%- do left.append(name[loop.index0] ~ letter) -%}
        {%- endfor -%}
        {%- set pairs = left | length + word | length - 1 -%}
        {%- set shared = [] -%}
        {%- for letter in word[1:] -%}
            {%- set pair = word[loop.index0] ~ letter -%}
            {%- if pair in left -%}
                {%- do shared.append(left.pop(left.index(pair))) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set likeness = 2 * shared | length / pairs if pairs > 0 else 0 -%}
        {%- if likeness > 0.5 -%}
            {%- do scored.append((likeness, name)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return((scored | sort(reverse=true))[:3] | map(attribute=1) | list) }}
{%- endmacro %}
