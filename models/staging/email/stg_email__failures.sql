-- One row per failure as providers and mail servers word it, with what it means by
-- seeds/email_failures.csv: does it speak of the address, of the sender, of the message? Failures
-- that no line fits mean what the provider calls them.
with

reports as (
    select * from {{ ref('stg_email__reports') }}
    where event_name in ('email_hard_bounced', 'email_soft_bounced', 'email_rejected')
),

rules as (
    select * from {{ ref('email_failures') }}
),

-- Words and codes between single blanks: no sign that stands beside them hides a code.
worded as (
    select
        provider,
        event_name as reported_as,
        failure_reason,
        ' ' || {{ regex_replace(
            regex_replace(lower_text('failure_reason'), '[^a-z0-9.]+|[.]+$', ' '), '[.]* +', ' '
        ) }} || ' ' as words
    from reports
    where failure_reason is not null
    group by provider, event_name, failure_reason
),

ranked as (
    select
        worded.*,
        rules.meaning,
        rules.event_name,
        row_number() over (
            partition by worded.provider, worded.reported_as, worded.failure_reason
            order by rules.precedence desc, length(rules.pattern) desc, rules.pattern
        ) as rule_rank
    from worded
    inner join rules
        on
            rules.provider in ('*', worded.provider)
            and {{ matches('worded.words', 'rules.pattern') }}
)

select
    -- strings
    provider,
    reported_as,
    failure_reason,
    meaning,
    event_name

from ranked
where rule_rank = 1
