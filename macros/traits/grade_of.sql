{#
    The grade for a number: the first for those from the first bound up, the last below all bounds.

    {{ grade_of('fit_score', [75, 50, 25], 'ABCD') }}
    →  case when fit_score >= 75 then 'A' when fit_score >= 50 then 'B'
            when fit_score >= 25 then 'C' else 'D' end
#}
{% macro grade_of(number, bounds, grades) -%}
    {%- if bounds | length + 1 != grades | length -%}
        {{ exceptions.raise_compiler_error(
            "the bounds of the grades " ~ grades | join(', ') ~ " must be "
            ~ (grades | length - 1) ~ " numbers, highest first; they are " ~ bounds
        ) }}
    {%- endif -%}
    case
        {%- for bound in bounds %}
        when {{ number }} >= {{ bound }} then '{{ grades[loop.index0] }}'
        {%- endfor %}
        else '{{ grades[-1] }}'
    end
{%- endmacro %}
