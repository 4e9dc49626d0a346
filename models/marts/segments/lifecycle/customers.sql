-- People who bought: an order, a deal won, or a customer by the CRM's word.
select profile_id

from {{ ref('profile_traits') }}

where is_customer
