-- One row per event and tag that it puts on a profile: products and categories that were viewed,
-- topics of pages, products that links in e-mails lead to (seeds/tag_rules.csv).
{{ config(materialized='view') }}
{% set no_path = 'cast(null as ' ~ dbt.type_string() ~ ')' %}
{% set below_prefix = dbt.concat(['tag_rules.prefix', "'/'"]) %}
with

events as (
    select * from {{ ref('int_events_resolved') }}
    where is_engagement
),

tag_rules as (
    select * from {{ ref('tag_rules') }}
),

viewed as (
    select
        profile_key,
        'product' as kind,
        object_id as tag_value,
        occurred_at
    from events
    where behavior = 'product_viewed'

    union all

    select
        profile_key,
        'category' as kind,
        category as tag_value,
        occurred_at
    from events
    where behavior = 'product_viewed'
),

clicked as (
    select
        profile_key,
        {{ page_path(no_path, 'link_url') | indent(8) }} as link_path,  -- noqa: PRS
        occurred_at
    from events
    where behavior in ('email_clicked', 'email_cta_clicked')
),

read as (
    select
        events.profile_key,
        tag_rules.kind,
        {{ part_of('events.page_path', below_prefix, 2) }} as rest,
        events.occurred_at
    from events
    inner join tag_rules
        on
            tag_rules.reads = 'page_path'
            and substring(events.page_path, 1, length(tag_rules.prefix) + 1) = {{ below_prefix }}
    where events.family = 'web'

    union all

    select
        clicked.profile_key,
        tag_rules.kind,
        {{ part_of('clicked.link_path', below_prefix, 2) }} as rest,
        clicked.occurred_at
    from clicked
    inner join tag_rules
        on
            tag_rules.reads = 'link'
            and substring(clicked.link_path, 1, length(tag_rules.prefix) + 1) = {{ below_prefix }}
),

unioned as (
    select * from viewed

    union all

    select
        profile_key,
        kind,
        {{ part_of('rest', "'/'", 1) }} as tag_value,
        occurred_at
    from read
)

select * from unioned
where tag_value <> ''
