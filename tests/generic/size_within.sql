{#
    Fails when a segment holds more than a share of all profiles: a rule that takes nearly everybody
    has most likely lost a condition. It is an upper bound only: exactly that share is fine, and so
    is nobody at all, because a rule may wait for its first person.
#}
{% test size_within(model, at_most_share) %}

select
    people.people_count,
    everybody.profile_count,
    people.people_count * 1.0 / nullif(everybody.profile_count, 0) as people_share

from (select count(*) as people_count from {{ model }}) as people
cross join (select count(*) as profile_count from {{ ref('profiles') }}) as everybody
where people.people_count > {{ at_most_share }} * everybody.profile_count

{% endtest %}
