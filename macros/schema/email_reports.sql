{#
    A query: what was ever reported of e-mails, who reported it being known where their source is
    enabled. No stays no, and a mailbox stays gone, also when that source is switched off by now;
    whom it is about is then told by the address alone.

    {{ email_reports(ref('int_events_resolved'), ref('int_events')) }}
    →  select source, event_id, …, behavior, occurred_at from … union all select … from int_events …
#}
{% macro email_reports(resolved, remembered) -%}
    select
        source,
        event_id,
        object_id,
        profile_key,
        email,
        behavior,
        occurred_at
    from {{ resolved }}
    where substring(behavior, 1, 6) = 'email_'

    union all

    select
        source,
        event_id,
        object_id,
        cast(null as bigint) as profile_key,
        email,
        event_name as behavior,
        occurred_at
    from {{ remembered }}
    where
        substring(event_name, 1, 6) = 'email_'
        and not {{ is_enabled_source('source') }}
        and occurred_at <= {{ as_of() }}
{%- endmacro %}
