-- People who bought and are still customers: an order in a year, a deal won, or the CRM's word.
select profile_id

from {{ ref('profile_traits') }}

where is_customer
