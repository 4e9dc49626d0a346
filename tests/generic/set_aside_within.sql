{#
    Fails for each source of which a share of the events is set aside, with the three commonest
    reasons and an example of each: the event's id, or file and line. What var quarantine_expected
    lists is meant to be set aside, and does not count.

    set_aside_within(at_least=0.01, below=0.2)  →  segment  0.034  unreadable_time  812  e_0017
#}
{% test set_aside_within(model, at_least, below=1.01) %}

with

set_aside as (
    select
        source,
        quarantine_reason,
        count(*) as event_count,
        min(coalesce(
            event_id,
            {{ dbt.concat(['file', "' line '", 'cast(line_number as ' ~ dbt.type_string() ~ ')']) }}
        )) as example
    from {{ ref('events_quarantined') }}
    where not {{ is_meant_to_be_set_aside() }}
    group by source, quarantine_reason
),

ranked as (
    select
        *,
        sum(event_count) over (partition by source) as set_aside_count,
        row_number() over (
            partition by source order by event_count desc, quarantine_reason
        ) as place
    from set_aside
)

select
    ranked.source,
    cast(ranked.set_aside_count as {{ type_double() }}) / intake.delivered_count as set_aside_share,
    ranked.quarantine_reason,
    ranked.event_count,
    ranked.example

from ranked
inner join {{ model }} as intake on ranked.source = intake.source
where
    ranked.place <= 3
    and ranked.set_aside_count >= {{ at_least }} * intake.delivered_count
    and ranked.set_aside_count < {{ below }} * intake.delivered_count
order by set_aside_share desc, ranked.source, ranked.place

{% endtest %}
