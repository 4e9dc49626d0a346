"""Slack: what a message says, what is never posted, and what each answer means."""

import pytest

from scripts.delivery.destination import NoAnswer, Record, Refused, Transient
from scripts.delivery.destinations.slack import Slack
from scripts.delivery.errors import AuthError, ConfigError
from scripts.delivery.transport import Transport

from .sending import send_with, states
from .vendors.server import Reply
from .vendors.slack import PATH, SlackChannel, shown

ALERT = {
    "name": "Ann Example",
    "company": "Example & Sons",
    "segment": "Hot leads",
    "reason": "3 visits to pricing",
    "owner": "kim@ours.example",
    "link": "https://crm.example/c/1?a=1&b=2",
}


@pytest.fixture
def channel():
    with SlackChannel() as vendor:
        yield vendor


def plugin(vendor, path=PATH, **options):
    made = Slack(options, {"SLACK_WEBHOOK_URL": vendor.url + path})
    made.quota = (1000, 1.0)
    return made


def record(key="ann@example.com", **values):
    return Record(key, None, values, {k: v for k, v in values.items() if v is not None})


def send(vendor, operation, *records, path=PATH):
    return states(send_with(plugin(vendor, path), operation, *records))


def sections(message):
    return [
        shown(block["text"]["text"]) for block in message["blocks"] if block["type"] == "section"
    ]


def test_a_batch_is_one_message(channel):
    got = send(channel, "add", record(**ALERT), record("b@example.com", segment="Hot", reason="x"))
    assert got == {"ann@example.com": "delivered", "b@example.com": "delivered"}
    (message,) = channel.messages
    assert message["text"] == message["blocks"][0]["text"]["text"] == "Sales alerts: 2"
    assert sections(message) == [
        "*Ann Example* (Example & Sons) · Hot leads\n"
        "Why: 3 visits to pricing\n"
        "Owner: kim@ours.example · [Open](https://crm.example/c/1?a=1&b=2)",
        "*b***@example.com* · Hot\nWhy: x",
    ]


@pytest.mark.parametrize("operation", ["update", "remove"])
def test_only_new_records_are_told(channel, operation):
    assert send(channel, operation, record(**ALERT)) == {"ann@example.com": "noted"}
    assert not channel.requests


def test_no_value_can_mention_or_link_or_break_the_layout(channel):
    bad = "<!channel> <@U1>\n&amp; <https://evil.example|safe>"
    send(channel, "add", record(name=bad, company=bad, segment=bad, reason=bad, owner=bad))
    text = channel.messages[0]["blocks"][1]["text"]
    assert text["verbatim"] is True
    (section,) = sections(channel.messages[0])  # `shown` fails on markup that is not ours
    assert section.count("\n") == 2
    assert "<!channel> <@U1> &amp; <https" in section


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "https://a.example/ b", "https://a.example/|x", "https://<x>", 7],
)
def test_what_is_no_address_is_no_link(channel, link):
    send(channel, "add", record(segment="Hot", reason="x", link=link))
    assert "Open" not in sections(channel.messages[0])[0]


def test_addresses_of_people_are_masked(channel):
    send(
        channel,
        "add",
        record("ann@example.com", name="ann@example.com", segment="Hot", reason="ann@example.com"),
        record("48151623", segment="Hot", reason="x"),
    )
    text = "\n".join(sections(channel.messages[0]))
    assert "ann@" not in text and "48151623" not in text
    assert "*a***@example.com*" in text and "*4****" in text


def test_the_largest_batch_stays_within_the_limits(channel):
    long = dict.fromkeys(("name", "company", "segment", "reason", "owner"), "&" * 5000)
    long["link"] = "https://crm.example/?" + "&" * 970
    records = [record(f"{n}@example.com", **long) for n in range(Slack.batch_size)]
    assert set(send(channel, "add", *records).values()) == {"delivered"}
    assert len(channel.messages[0]["blocks"]) <= 50


def test_words_are_cut_so_that_a_message_stays_small(channel):
    send(channel, "add", record(name="n" * 500, segment="s", reason="r" * 500, link="https://a.b"))
    (section,) = sections(channel.messages[0])
    assert section == f"*{'n' * 79}…* · s\nWhy: {'r' * 249}…\n[Open](https://a.b)"


@pytest.mark.parametrize("text", ["invalid_payload", "invalid_blocks", "user_not_found"])
def test_a_refused_message_is_for_the_engine_to_split(channel, text):
    channel.problem = Reply(400, text)
    with pytest.raises(Refused, match=f"HTTP 400 {text}"):
        send(channel, "add", record(**ALERT))


@pytest.mark.parametrize(
    ("status", "text", "problem"),
    [
        (403, "action_prohibited", AuthError),
        (404, "no_service", ConfigError),
        (404, "channel_not_found", ConfigError),
        (410, "channel_is_archived", ConfigError),
    ],
)
def test_a_channel_that_is_closed_ends_the_run(channel, status, text, problem):
    channel.problem = Reply(status, text)
    with pytest.raises(problem, match=text) as raised:
        send(channel, "add", record(**ALERT))
    assert "secret-part" not in str(raised.value)


@pytest.mark.parametrize(
    ("reply", "wait"),
    [
        (Reply(429, "rate_limited", {"Retry-After": "30"}), 30),
        (Reply(429), 1),
    ],
)
def test_what_was_surely_not_posted_may_be_sent_again(channel, reply, wait):
    channel.fail_next(reply)
    with pytest.raises(Transient) as problem:
        send(channel, "add", record(**ALERT))
    assert not isinstance(problem.value, NoAnswer)
    assert problem.value.wait == wait


UNCLEAR = [Reply(408), Reply(500, "rollup_error"), Reply(502), Reply(503, "<html>down</html>")]
UNCLEAR += [Reply(504, "upstream request timeout"), Reply(200), Reply(200, "<html>log in</html>")]


@pytest.mark.parametrize("fault", ["after", "before", *UNCLEAR])
def test_what_may_have_been_posted_is_nobodys_guess(channel, fault):
    channel.fail_next(fault)
    with pytest.raises(NoAnswer):
        send(channel, "add", record(**ALERT))
    assert len(channel.requests) == 1
    assert not Slack.is_idempotent


def test_one_message_a_second():
    assert (Slack.quota, Slack.batch_size, Slack.max_workers) == ((1, 1.0), 20, 1)


def findings(vendor, fields, path=PATH, *, probe=True):
    with Transport(plugin(vendor, path)) as transport:
        transport.destination.may_probe = probe
        found = list(transport.destination.doctor(transport.call, fields))
    return {identifier.name: identifier.is_fine for identifier in found}


def test_doctor_asks_without_posting(channel):
    assert findings(channel, {"name": "text", "score": "number"}) == {
        "webhook": True,
        "score": False,
    }
    assert findings(channel, {}, "/services/gone") == {"webhook": False}
    assert channel.messages == []
    before = len(channel.requests)
    assert findings(channel, {}, "/services/gone", probe=False) == {"webhook": True}
    assert len(channel.requests) == before


def test_settings_are_checked_and_the_address_stays_secret(channel):
    for address in ("", "hooks.slack.com/services/secret-part"):
        with pytest.raises(ConfigError, match="SLACK_WEBHOOK_URL") as problem:
            Slack({}, {"SLACK_WEBHOOK_URL": address}).check()
        assert "secret-part" not in str(problem.value)
    plugin(channel).check()
    assert plugin(channel).account == "127.0.0.1"
    assert Slack.forbidden == frozenset()
    with Transport(plugin(channel)) as transport:
        assert transport.destination.erase(transport.call, "ann@example.com", None) is False
