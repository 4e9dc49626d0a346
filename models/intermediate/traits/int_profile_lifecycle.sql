-- One row per profile and stage of its lifecycle, in order: since when, by what, and until when. Of
-- several stages at one instant the highest counts.
{% set for_ever = "cast('9999-12-31' as timestamp)" %}
with

stages as (
    select * from {{ ref('lifecycle_stages') }}
),

begun as (
    select
        profile_key,
        stage,
        began_by,
        ended_by,
        began_at,
        coalesce(ended_at, {{ for_ever }}) as ended_at
    from {{ ref('int_profile_stages_begun') }}
),

-- Spans of one stage that touch are one.
compared as (
    select
        *,
        max(ended_at) over (
            partition by profile_key, stage
            order by began_at, ended_at, began_by
            rows between unbounded preceding and 1 preceding
        ) as ended_before_at
    from begun
),

numbered as (
    select
        *,
        count(case when began_at <= ended_before_at then null else 1 end) over (
            partition by profile_key, stage
            order by began_at, ended_at, began_by
            rows between unbounded preceding and current row
        ) as span_number
    from compared
),

measured as (
    select
        *,
        min(began_at) over (partition by profile_key, stage, span_number) as span_began_at,
        max(ended_at) over (partition by profile_key, stage, span_number) as span_ended_at
    from numbered
),

merged as (
    select
        profile_key,
        stage,
        span_began_at as began_at,
        span_ended_at as ended_at,
        min(case when began_at = span_began_at then began_by end) as began_by,
        min(case when ended_at = span_ended_at then ended_by end) as ended_by
    from measured
    group by profile_key, stage, span_number, span_began_at, span_ended_at
),

-- Whoever was a customer and is none any more is a former one, as long as nothing else holds.
with_former as (
    select * from merged

    union all

    select
        profile_key,
        'former_customer' as stage,
        min(ended_at) as began_at,
        {{ for_ever }} as ended_at,
        {{ null_columns(['began_by', 'ended_by']) }}
    from merged
    where stage = 'customer' and ended_at < {{ for_ever }}
    group by profile_key
),

spans as (
    select
        with_former.*,
        cast(stages.rank as bigint) as stage_rank
    from with_former
    inner join stages on with_former.stage = stages.stage
),

instants as (
    select
        profile_key,
        began_at as changed_at
    from spans
    union distinct
    select
        profile_key,
        ended_at as changed_at
    from spans
    where ended_at < {{ for_ever }}
),

ranked as (
    select
        instants.profile_key,
        instants.changed_at,
        max(spans.stage_rank) as stage_rank
    from instants
    inner join spans
        on
            instants.profile_key = spans.profile_key
            and instants.changed_at >= spans.began_at
            and instants.changed_at < spans.ended_at
    group by instants.profile_key, instants.changed_at
),

followed as (
    select
        *,
        lag(stage_rank) over (partition by profile_key order by changed_at) as previous_rank
    from ranked
),

changes as (
    select
        *,
        lead(changed_at) over (partition by profile_key order by changed_at) as next_changed_at
    from followed
    where previous_rank is null or previous_rank <> stage_rank
)

select
    -- ids
    changes.profile_key,

    -- strings
    stages.stage,
    -- A higher stage comes by what began it, a lower one by what ended the one before.
    case
        when changes.previous_rank > changes.stage_rank then ended.ended_by
        else arrived.began_by
    end as changed_by,

    -- timestamps
    case
        when changes.changed_at > cast('{{ var("earliest_event") }}' as timestamp)
            then changes.changed_at
    end as since_at,
    changes.next_changed_at as until_at

from changes
inner join stages on changes.stage_rank = stages.rank
left join spans as arrived
    on
        changes.profile_key = arrived.profile_key
        and changes.stage_rank = arrived.stage_rank
        and changes.changed_at = arrived.began_at
left join spans as ended
    on
        changes.profile_key = ended.profile_key
        and changes.previous_rank = ended.stage_rank
        and changes.changed_at = ended.ended_at
