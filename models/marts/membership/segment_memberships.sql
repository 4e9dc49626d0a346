-- One row per segment and person in it, as of as_of. Add new segments to the list by hand; a test
-- fails when one is missing.
{%
    set segments = [
        'absent_visitors',
        'cart_abandoners',
        'customers',
        'hot_returners',
        'lapsed_leads',
        'pricing_researchers',
        'sales_ready',
        'silent_former_openers',
    ]
%}

{% for segment in segments %}
select
    '{{ segment }}' as segment,
    profile_id,
    {{ as_of() }} as as_of

from {{ ref(segment) }}
{{ 'union all' if not loop.last }}
{% endfor %}
