-- An address is one contact's, a person is on one e-mail list, and both models name the same
-- people with the same address.
-- A row is an address or a person with several records, or with one in only one of the models.
with

records as (
    select
        'crm_contacts' as model_name,
        email as contacted_by,
        count(*) as record_count
    from {{ ref('crm_contacts') }}
    group by email

    union all

    select
        'email_list_members' as model_name,
        profile_id as contacted_by,
        count(*) as record_count
    from {{ ref('email_list_members') }}
    group by profile_id
),

strays as (
    select
        'email_list_members' as model_name,
        coalesce(contacts.profile_id, members.profile_id) as contacted_by,
        0 as record_count
    from {{ ref('crm_contacts') }} as contacts
    full outer join {{ ref('email_list_members') }} as members
        on contacts.profile_id = members.profile_id and contacts.email = members.email
    where contacts.profile_id is null or members.profile_id is null
)

select * from records
where record_count > 1

union all

select * from strays
