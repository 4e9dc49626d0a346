"""Webhooks of e-mail providers, bodies as posted, judged by django-anymail."""

import json
from datetime import UTC, datetime
from urllib.parse import quote_plus

import pytest

AT = datetime(2026, 6, 20, 12, 0, 5, tzinfo=UTC)
ISO = "2026-06-20T12:00:05.000Z"
SECONDS = int(AT.timestamp())
ANN, BOB = "Ann@Example.com", "bob@example.com"
LINK = "https://we.example/a?b=c"
GONE = "550 5.1.1 No such user"


def sns(nth, event):
    return {
        "Type": "Notification",
        "MessageId": f"sns-{nth}",
        "Timestamp": ISO,
        "Message": json.dumps(event),
    }


def ses(kind, **details):
    mail = {"timestamp": ISO, "messageId": "m", "destination": [ANN, BOB]}
    return {"eventType": kind, "mail": mail} | details


def gone(**details):
    return [{"emailAddress": ANN, "action": "failed", "diagnosticCode": f"smtp; {GONE}"} | details]


AMAZON_SES = [
    sns(nth, event)
    for nth, event in enumerate(
        [
            ses("Send", send={}),
            ses("Delivery", delivery={"timestamp": ISO, "recipients": [ANN, BOB]}),
            ses(
                "Bounce",
                bounce={
                    "bounceType": "Permanent",
                    "bounceSubType": "General",
                    "bouncedRecipients": gone(status="5.1.1"),
                },
            ),
            ses("Complaint", complaint={"complainedRecipients": [{"emailAddress": BOB}]}),
            ses("Open", open={"timestamp": ISO, "userAgent": "Mail"}),
            ses("Click", click={"timestamp": ISO, "userAgent": "Mail", "link": LINK}),
            ses("Reject", reject={"reason": "Bad content"}),
            ses("Rendering Failure", failure={"errorMessage": "no name", "templateName": "t"}),
        ]
    )
]
BREVO = [
    {"event": event, "email": ANN, "ts_epoch": SECONDS * 1000, "message-id": "<m@b>", **details}
    for event, details in {
        "request": {},
        "delivered": {},
        "deferred": {"reason": "421 later"},
        "hard_bounce": {"reason": GONE},
        "soft_bounce": {"reason": "552 5.2.2 full"},
        "invalid_email": {},
        "blocked": {"reason": "blocked : due to blacklist user"},
        "spam": {},
        "unique_opened": {},
        "proxy_open": {},
        "click": {"link": LINK},
        "unsubscribe": {},
        "teleported": {},
    }.items()
]
MAILERSEND = [
    {
        "type": f"activity.{kind}",
        "data": {
            "id": f"a-{kind}",
            "type": kind,
            "created_at": "2026-06-20T12:00:05.000000Z",
            "email": {"message": {"id": "m"}, "recipient": {"email": ANN}},
            "morph": morph,
        },
    }
    for kind, morph in {
        "sent": None,
        "delivered": None,
        "soft_bounced": {"object": "recipient_bounce", "reason": "5.2.2 full"},
        "hard_bounced": {"object": "recipient_bounce", "reason": GONE},
        "opened": {"object": "open", "ip": "1.2.3.4"},
        "clicked": {"object": "click", "url": LINK},
        "unsubscribed": {"object": "recipient_unsubscribe"},
        "spam_complaint": {"object": "spam_complaint"},
    }.items()
]
MAILJET = [
    [
        {"event": event, "time": SECONDS, "MessageID": 19421777835146490, "email": ANN, **details}
        for event, details in [
            ("sent", {"smtp_reply": "250 ok"}),
            ("open", {"agent": "Mail"}),
            ("click", {"url": LINK, "agent": "Mail"}),
        ]
    ],
    *(
        {"event": event, "time": SECONDS, "MessageID": nth, "email": BOB, **details}
        for nth, (event, details) in enumerate(
            [
                ("bounce", {"hard_bounce": True, "error": "user unknown"}),
                ("bounce", {"hard_bounce": False, "error": "quota exceeded"}),
                ("bounce", {"hard_bounce": False, "error": "greylisted"}),
                ("blocked", {"error": "preblocked"}),
                ("blocked", {"error": "spam reporter"}),
                ("spam", {"source": "JMRPP"}),
                ("unsub", {}),
            ]
        )
    ),
    [],
]
MAILTRAP = [
    {
        "events": [
            {"event": event, "event_id": f"t-{event}", "message_id": "m", "email": ANN}
            | {"timestamp": SECONDS, **details}
            for event, details in {
                "delivery": {},
                "open": {"user_agent": "Mail"},
                "click": {"url": LINK},
                "soft bounce": {"response": "421 later"},
                "bounce": {"response": GONE, "response_code": 550},
                "suspension": {},
                "reject": {"reason": "rate limit"},
                "spam": {},
                "unsubscribe": {},
            }.items()
        ]
    }
]
MANDRILL = [
    [
        {
            "event": event,
            "_id": "m",
            "ts": SECONDS,
            "msg": {"email": ANN, "_id": "m", "subject": "50% off, größer & 日本", **message},
            **details,
        }
        for event, message, details in [
            ("send", {}, {}),
            ("deferral", {"diag": "421 later"}, {}),
            ("hard_bounce", {"bounce_description": "bad_mailbox", "diag": GONE}, {}),
            ("soft_bounce", {"bounce_description": "mailbox_full", "diag": "552 full"}, {}),
            ("open", {}, {"user_agent": "Mail"}),
            ("click", {}, {"url": LINK}),
            ("spam", {}, {}),
            ("unsub", {}, {}),
            ("reject", {"reject": {"reason": "spam"}}, {}),
        ]
    ]
]
POSTAL = [
    {"event": event, "timestamp": SECONDS + 0.25, "uuid": f"p-{nth}", "payload": payload}
    for nth, (event, payload) in enumerate(
        [
            ("MessageSent", {"status": "Sent"}),
            ("MessageDelayed", {"status": "SoftFail", "output": "421 later"}),
            ("MessageDeliveryFailed", {"status": "HardFail", "output": GONE}),
            ("MessageHeld", {"status": "Held"}),
            ("MessageLinkClicked", {"url": LINK, "user_agent": "Mail"}),
        ]
    )
    for payload in [payload | {"message": {"id": 5, "to": ANN, "direction": "outgoing"}}]
]
POSTAL += [
    {
        "event": "MessageBounced",
        "timestamp": SECONDS,
        "uuid": "p-b",
        "payload": {"original_message": {"id": 5, "to": ANN}, "bounce": {"id": 6, "to": "x@y.zz"}},
    },
    {
        "event": "MessageDelayed",
        "timestamp": SECONDS,
        "uuid": "p-i",
        "payload": {"status": "SoftFail", "message": {"to": ANN, "direction": "incoming"}},
    },
]
RESEND = [
    {
        "type": f"email.{kind}",
        "created_at": ISO,
        "data": {"email_id": "m", "to": [f"Ann <{ANN}>", BOB], **details},
    }
    for kind, details in {
        "sent": {},
        "delivered": {},
        "delivery_delayed": {},
        "bounced": {"bounce": {"type": "Permanent", "message": "sent a hard bounce message"}},
        "complained": {},
        "opened": {},
        "clicked": {"click": {"link": LINK, "userAgent": "Mail"}},
    }.items()
]
SPARKPOST = [
    [
        {
            "msys": {
                f"{part}_event": {
                    "type": kind,
                    "event_id": f"{kind}-{details.get('bounce_class')}",
                    "transmission_id": "m",
                    "timestamp": str(SECONDS),
                    "raw_rcpt_to": ANN,
                    **details,
                }
            }
        }
        for part, kind, details in [
            ("message", "injection", {}),
            ("message", "delivery", {}),
            ("message", "delay", {"raw_reason": "421 later"}),
            ("message", "bounce", {"bounce_class": "10", "raw_reason": GONE}),
            ("message", "bounce", {"bounce_class": "22", "raw_reason": "552 5.2.2 full"}),
            ("message", "bounce", {"bounce_class": "60", "raw_reason": "I am away"}),
            ("message", "out_of_band", {"bounce_class": "90"}),
            ("message", "spam_complaint", {}),
            ("message", "policy_rejection", {"raw_reason": "rate limit"}),
            ("track", "open", {"user_agent": "Mail"}),
            ("track", "initial_open", {}),
            ("track", "click", {"target_link_url": LINK}),
            ("gen", "generation_failure", {"raw_reason": "no name"}),
            ("unsubscribe", "list_unsubscribe", {}),
        ]
    ],
    [{"msys": {}}],
]


LEFT = {"delivery_status": "err_unsubscribed"}


def unisender(status, **details):
    return {"job_id": "m", "email": ANN, "status": status} | {
        "event_time": "2026-06-20 12:00:05",
        **details,
    }


UNISENDER_GO = [
    {
        "auth": "x" * 32,
        "events_by_user": [
            {
                "user_id": 1,
                "events": [
                    {"event_name": "transactional_spam_block", "event_data": {"status": "x"}},
                    *(
                        {"event_name": "transactional_email_status", "event_data": event}
                        for event in [
                            unisender("sent"),
                            unisender("delivered"),
                            unisender("opened", delivery_info={"user_agent": "Mail"}),
                            unisender("clicked", url=LINK),
                            unisender("spam"),
                            unisender("subscribed"),
                            unisender(
                                "soft_bounced", delivery_info={"delivery_status": "err_will_retry"}
                            ),
                            unisender(
                                "hard_bounced",
                                delivery_info={"delivery_status": "err_unsubscribed"},
                            ),
                        ]
                    ),
                ],
            }
        ],
    },
    {"auth": "x" * 32, "event_name": "transactional_email_status", **unisender("unsubscribed")},
]
BODIES = {
    "Amazon SES": ("amazon_ses.AmazonSESTrackingWebhookView", AMAZON_SES),
    "Brevo": ("brevo.BrevoTrackingWebhookView", BREVO),
    "MailerSend": ("mailersend.MailerSendTrackingWebhookView", MAILERSEND),
    "Mailjet": ("mailjet.MailjetTrackingWebhookView", MAILJET),
    "Mailtrap": ("mailtrap.MailtrapTrackingWebhookView", MAILTRAP),
    "Mandrill": ("mandrill.MandrillCombinedWebhookView", MANDRILL),
    "Postal": ("postal.PostalTrackingWebhookView", POSTAL),
    "Resend": ("resend.ResendTrackingWebhookView", RESEND),
    "SparkPost": ("sparkpost.SparkPostTrackingWebhookView", SPARKPOST),
    "Unisender Go": ("unisender_go.UnisenderGoTrackingWebhookView", UNISENDER_GO),
}


def klaviyo(topic, **properties):
    event = {
        "type": "event",
        "id": f"k-{topic}",
        "attributes": {
            "timestamp": SECONDS,
            "datetime": "2026-06-20T12:00:05+00:00",
            "event_properties": {"Recipient Email Address": ANN, "$message": "m", **properties},
        },
    }
    return {
        "external_id": f"k-{topic}",
        "topic": f"event:klaviyo.{topic}",
        "payload": {"data": event, "included": [{"type": "metric", "attributes": {"name": "x"}}]},
    }


def customer_io(metric, object_type="email", **details):
    return {
        "event_id": f"c-{object_type}-{metric}-{len(details)}",
        "object_type": object_type,
        "metric": metric,
        "timestamp": SECONDS,
        "data": {"delivery_id": "m", "recipient": ANN, "identifiers": {"email": BOB}, **details},
    }


def braze(kind, **properties):
    return {
        "event_type": f"users.messages.{kind}",
        "id": f"z-{kind}-{len(properties)}",
        "time": SECONDS,
        "user": {"user_id": "u", "external_user_id": "e"},
        "properties": {"email_address": ANN, "dispatch_id": "m", **properties},
    }


# Those that django-anymail does not read: body, and what each event in it means, with its link and
# whether a machine did it. Nothing is what is not read.
EXPECTED = {
    "Mailchimp": [
        (
            "type=unsubscribe&fired_at=2026-06-20+12%3A00%3A05&data%5Baction%5D=unsub"
            "&data%5Breason%5D=manual&data%5Bemail%5D=Ann%40Example.com&data%5Blist_id%5D=a6",
            [("email_unsubscribed", None, False)],
        ),
        (
            "type=unsubscribe&fired_at=2026-06-20 12:00:05&data[reason]=abuse"
            "&data[email]=ann@example.com&data[merges][FNAME]=type=cleaned",
            [("email_complained", None, False)],
        ),
        (
            "type=cleaned&fired_at=2026-06-20+12:00:05&data[campaign_id]=4f&data[reason]=hard"
            "&data[email]=ann@example.com",
            [("email_hard_bounced", None, False)],
        ),
        (
            {"type": "subscribe", "fired_at": "2026-06-20 12:00:05", "data": {"email": ANN}},
            [("email_resubscribed", None, False)],
        ),
        ("type=profile&fired_at=2026-06-20+12:00:05&data[email]=ann@example.com", []),
        *(
            (
                {"campaign_id": "c", "email_address": ANN, "timestamp": "2026-06-20T12:00:05Z"}
                | {"action": action, **details},
                [(name, details.get("url"), False)],
            )
            for action, details, name in [
                ("open", {}, "email_opened"),
                ("click", {"url": LINK}, "email_clicked"),
                ("bounce", {"type": "soft"}, "email_soft_bounced"),
                ("bounce", {"type": "hard", "campaign_id": "d"}, "email_hard_bounced"),
            ]
        ),
    ],
    "Klaviyo": [
        (
            {
                "data": [
                    klaviyo("received_email"),
                    klaviyo("opened_email", machine_open=True),
                    klaviyo("clicked_email", URL=LINK, machine_open=False),
                    klaviyo("bounced_email", **{"Bounce Type": "Hard"}),
                    klaviyo("marked_email_as_spam"),
                    klaviyo("unsubscribed_from_email_marketing"),
                    klaviyo("dropped_email"),
                    klaviyo("clicked_sms"),
                ],
                "meta": {"klaviyo_account_id": "a"},
            },
            [
                ("email_delivered", None, False),
                ("email_opened", None, True),
                ("email_clicked", LINK, False),
                ("email_hard_bounced", None, False),
                ("email_complained", None, False),
                ("email_unsubscribed", None, False),
                ("email_hard_bounced", None, False),
            ],
        ),
        (
            {"object": "event", "id": "k-9", "event_name": "Bounced Email", "timestamp": SECONDS}
            | {"person": {"email": ANN}, "event_properties": {"Bounce Type": "Soft"}},
            [("email_soft_bounced", None, False)],
        ),
        (
            {
                "data": klaviyo("x")["payload"]["data"] | {"id": "k-10"},
                "included": [
                    {"type": "profile", "attributes": {"email": BOB}},
                    {"type": "metric", "attributes": {"name": "Opened Email"}},
                ],
            },
            [("email_opened", None, False)],
        ),
    ],
    "Customer.io": [
        (customer_io(metric, **details), [(name, details.get("href"), "prefetched" in details)])
        for metric, details, name in [
            ("sent", {}, "email_queued"),
            ("delivered", {}, "email_delivered"),
            ("opened", {"proxied": True}, "email_opened"),
            ("opened", {"proxied": True, "prefetched": True}, "email_opened"),
            ("clicked", {"href": LINK}, "email_clicked"),
            ("bounced", {"failure_message": GONE}, "email_hard_bounced"),
            ("bounced", {"failure_message": "552 5.2.2 full", "x": 1}, "email_soft_bounced"),
            ("dropped", {"failure_message": "The address is suppressed"}, "email_hard_bounced"),
            ("failed", {}, "email_rejected"),
            ("spammed", {}, "email_complained"),
            ("unsubscribed", {}, "email_unsubscribed"),
        ]
    ]
    + [
        (
            customer_io("subscribed", "customer", recipient=None, email_address=ANN),
            [("email_resubscribed", None, False)],
        ),
        (customer_io("converted"), []),
        (customer_io("bounced", "sms"), []),
    ],
    "Braze": [
        (
            {
                "events": [
                    braze("email.Send"),
                    braze("email.Delivery"),
                    braze("email.Open", machine_open="true", user_agent="Mail"),
                    braze("email.Open", machine_open=None),
                    braze("email.Click", url=LINK),
                    braze("email.Bounce", bounce_reason=GONE),
                    braze("email.Bounce", bounce_reason="Unsubscribed Address", is_drop=True),
                    braze("email.SoftBounce", bounce_reason="421 later"),
                    braze("email.MarkAsSpam"),
                    braze("email.Unsubscribe"),
                    braze("pushnotification.Send"),
                ]
            },
            [
                ("email_queued", None, False),
                ("email_delivered", None, False),
                ("email_opened", None, True),
                ("email_opened", None, False),
                ("email_clicked", LINK, False),
                ("email_hard_bounced", None, False),
                ("email_unsubscribed", None, False),
                ("email_soft_bounced", None, False),
                ("email_complained", None, False),
                ("email_unsubscribed", None, False),
            ],
        ),
        (
            {"event_type": "users.messages.email.Click", "id": "z-flat", "time": SECONDS}
            | {"email_address": ANN, "url": LINK},
            [("email_clicked", LINK, False)],
        ),
    ],
}
# What django-anymail calls it, and what we may: a failure means what was said about it.
NAMES = {
    "queued": {"email_queued"},
    "sent": {"email_queued"},
    "delivered": {"email_delivered"},
    "deferred": {"email_deferred"},
    "bounced": {"email_hard_bounced", "email_soft_bounced"},
    "opened": {"email_opened"},
    "clicked": {"email_clicked"},
    "complained": {"email_complained"},
    "unsubscribed": {"email_unsubscribed"},
    "subscribed": {"email_resubscribed"},
    "autoresponded": {None},
    "unknown": {None},
}
REASONS = {
    "blocked": {"email_rejected", "email_soft_bounced"},
    "spam": {"email_complained"},
    "unsubscribed": {"email_unsubscribed"},
    None: {"email_rejected", "email_hard_bounced", "email_soft_bounced", "email_complained"},
}


def posted(name, body):
    if isinstance(body, str):
        return body
    if name == "Mandrill":
        return "mandrill_events=" + quote_plus(json.dumps(body, ensure_ascii=False))
    return json.dumps(body)


def their_events(name, view, bodies):
    """What django-anymail makes of the bodies. Who signed them is not looked at."""
    from importlib import import_module

    from anymail.signals import tracking
    from django.test import RequestFactory

    module, kind = view.split(".")
    base = getattr(import_module(f"anymail.webhooks.{module}"), kind)
    unsigned = type(kind, (base,), {"validate_request": lambda self, request: None})
    heard = []

    def hear(sender, event, esp_name, **_):
        heard.append(event)

    tracking.connect(hear)
    try:
        for body in bodies:
            request = RequestFactory().post(
                "/",
                posted(name, body),
                content_type="application/x-www-form-urlencoded"
                if name == "Mandrill"
                else "application/json",
            )
            handler = unsigned()
            handler.validators = []
            for event in handler.parse_events(request):
                handler.signal.send(sender=base, event=event, esp_name=name)
    finally:
        tracking.disconnect(hear)
    return heard


@pytest.fixture(scope="module")
def theirs():
    from django.conf import settings

    if not settings.configured:
        settings.configure(
            USE_TZ=True,
            ALLOWED_HOSTS=["*"],
            ANYMAIL={
                "WEBHOOK_SECRET": "a:b",
                "MAILERSEND_SIGNING_SECRET": "k",
                "MANDRILL_WEBHOOK_KEY": "k",
                "POSTAL_WEBHOOK_KEY": "k",
                "UNISENDER_GO_API_KEY": "k",
            },
        )
    import django

    django.setup()
    return {name: their_events(name, *given) for name, given in BODIES.items()}


@pytest.fixture(scope="module")
def ours(make_project):
    project = make_project(event_sources=["email"], as_of="2026-06-30")
    folder = project.raw / "email" / "webhooks"
    folder.mkdir(parents=True)
    with (folder / "rows.ndjson").open("w", encoding="utf-8") as file:
        bodies = {name: given for name, (_, given) in BODIES.items()}
        bodies |= {name: [body for body, _ in given] for name, given in EXPECTED.items()}
        for name, given in bodies.items():
            for body in given:
                row = {"provider": name, "received_at": "2026-06-21", "payload": posted(name, body)}
                file.write(json.dumps(row) + "\n")
        # Twice the same body, a form that is encoded wrongly, and somebody whom nobody reads.
        for provider, payload in (
            ("Brevo", posted("Brevo", BREVO[0])),
            ("Mandrill", "mandrill_events=%5B%FF%5D"),
            ("Mailchimp", "fired_at=2026"),
            ("newcomer", "[1, 2]"),
        ):
            row = {"provider": provider, "received_at": "2026-06-22", "payload": payload}
            file.write(json.dumps(row) + "\n")
    project.dbt(
        "build", "--exclude-resource-type", "unit_test",
        "--select", "+stg_email__events", "--indirect-selection", "buildable",
    )  # fmt: skip
    staged = {}
    for provider, *row in project.rows(
        """
        select
            reports.provider, events.event_name, events.email,
            cast(epoch(events.occurred_at) as bigint), events.link_url, events.event_id,
            events.is_machine
        from staging.stg_email__events as events
        inner join staging.stg_email__reports as reports
            on
                events.event_id = reports.provider || ':' || reports.event_id
                and events.loaded_at = reports.received_at
        where events.loaded_at < timestamp '2026-06-22'
        """
    ):
        staged.setdefault(provider, []).append(row)
    return project, staged


@pytest.mark.parametrize("name", BODIES)
def test_webhooks_mean_what_anymail_says(ours, theirs, name):
    staged = ours[1][name.lower().replace(" ", "_")]
    left = [row[:4] for row in staged]
    told = {event.event_type for event in theirs[name]}
    for event in theirs[name]:
        names = NAMES.get(event.event_type)
        # Who tells of no delivery tells of them by what it sent.
        if event.event_type in ("queued", "sent") and "delivered" not in told:
            names = {"email_delivered"}
        if event.event_type in ("rejected", "failed"):
            names = REASONS[event.reject_reason]
        if event.reject_reason == "unsubscribed" and event.event_type == "bounced":
            names = {"email_unsubscribed", "email_hard_bounced"}
        facts = [event.recipient.lower(), int(event.timestamp.timestamp()), event.click_url]
        found = [row for row in left if row[0] in names and row[1:] == facts]
        assert found, (event.event_type, event.reject_reason, facts, left)
        left.remove(found[0])
    assert left == []
    ids = [row[4] for row in staged]
    assert len(set(ids)) == len(ids) and None not in ids


@pytest.mark.parametrize("name", EXPECTED)
def test_webhooks_mean_what_their_documentation_says(ours, name):
    staged = ours[1][name.lower().replace(".", "_")]
    means = [meaning for _, given in EXPECTED[name] for meaning in given]
    assert sorted((row[0], row[3] or "", row[5]) for row in staged) == sorted(
        (event_name, link or "", machine) for event_name, link, machine in means
    )
    assert {(row[1], row[2]) for row in staged} == {("ann@example.com", SECONDS)}
    ids = [row[4] for row in staged]
    assert len(set(ids)) == len(ids) and None not in ids


def test_failures_of_every_provider_have_one_meaning(ours):
    named = {
        (provider, detail or event): name
        for provider, event, detail, reason, name in ours[0].rows(
            """
            select provider, provider_event, provider_detail, failure_reason, meant.event_name
            from staging.stg_email__reports as reports
            inner join staging.stg_email__failures as meant using (provider, failure_reason)
            where reports.event_name = meant.reported_as
            """
        )
    }
    assert named[("brevo", "soft_bounce")] == "email_soft_bounced"
    assert named[("mandrill", "reject")] == "email_complained"
    assert named[("unisender_go", "err_unsubscribed")] == "email_unsubscribed"
    assert named[("postal", "HardFail")] == "email_hard_bounced"


def test_what_cannot_be_read_is_set_aside(ours):
    assert set(
        ours[0].rows(
            """
            select quarantine_reason, count(*) from staging.stg_email__events
            where loaded_at >= timestamp '2026-06-22' group by all
            """
        )
    ) == {("unknown_provider", 1), ("unreadable_payload", 2), (None, 1)}
