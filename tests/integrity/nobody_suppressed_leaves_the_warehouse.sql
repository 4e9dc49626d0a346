-- Nobody who must not be contacted, on whichever channel, is in a model that leaves the warehouse,
-- and no address that mail does not reach. A row is such a person, with the model and why.
{% set models = [
    'crm_contacts', 'email_list_members', 'ad_audience_members', 'sales_alerts',
    'segment_list_members',
] %}

{% for model in models %}
select
    '{{ model }}' as model_name,
    activated.profile_id,
    coalesce(profile_suppressions.channel, 'email') as channel,
    coalesce(profile_suppressions.reason, profile_identifiers.closed_because) as reason

from {{ ref(model) }} as activated
left join {{ ref('profile_suppressions') }} as profile_suppressions
    on activated.profile_id = profile_suppressions.profile_id
left join {{ ref('profile_identifiers') }} as profile_identifiers
    on
        activated.email = profile_identifiers.identifier_value
        and profile_identifiers.identifier_type = 'email'
where coalesce(profile_suppressions.reason, profile_identifiers.closed_because) is not null
{{ 'union all' if not loop.last }}
{% endfor %}
