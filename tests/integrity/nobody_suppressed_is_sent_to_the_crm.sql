-- No person whom nobody may e-mail is among the contacts that leave the warehouse.
select crm_contacts.profile_id

from {{ ref('crm_contacts') }} as crm_contacts
inner join {{ ref('profile_suppressions') }} as profile_suppressions
    on crm_contacts.profile_id = profile_suppressions.profile_id
