-- One row per alias call: what says that an id used so far belongs to a user id. The old id may be
-- a cookie's or a user's, so it is given as both; the one that nobody ever had links nothing.
with

source as (
    select * from {{ source('segment', 'aliases') }}
),

renamed as (
    select
        -- ids
        {{ clean_id('id') }} as alias_id,
        {{ clean_id('previous_id') }} as previous_id,
        {{ clean_id('user_id') }} as user_id,

        -- timestamps
        {{ utc_timestamp('timestamp') }} as aliased_at
    from source
),

complete as (
    select * from renamed
    where previous_id is not null and user_id is not null and aliased_at is not null
)

{% for identifier_type in ['anonymous_id', 'user_id'] %}
select
    alias_id,
    '{{ identifier_type }}' as identifier_type_a,
    previous_id as identifier_value_a,
    'user_id' as identifier_type_b,
    user_id as identifier_value_b,
    aliased_at
from complete
{{ 'union all' if not loop.last }}
{% endfor %}
