-- Nobody who must not be contacted, on whichever channel, is in a model that leaves the warehouse.
-- A row is such a person, with the model and why they must not be contacted.
{% set models = [
    'crm_contacts', 'email_list_members', 'ad_audience_members', 'sales_alerts',
    'segment_list_members',
] %}

{% for model in models %}
select
    '{{ model }}' as model_name,
    activated.profile_id,
    profile_suppressions.channel,
    profile_suppressions.reason

from {{ ref(model) }} as activated
inner join {{ ref('profile_suppressions') }} as profile_suppressions
    on activated.profile_id = profile_suppressions.profile_id
{{ 'union all' if not loop.last }}
{% endfor %}
