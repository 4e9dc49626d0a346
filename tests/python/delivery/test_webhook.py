"""Webhooks: what is sent, how it is signed, and what each answer means."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook as StandardWebhook

from scripts.delivery.destination import Record, Refused, Transient
from scripts.delivery.destinations.webhook import Webhook, keys_of, verify
from scripts.delivery.errors import AuthError, ConfigError
from scripts.delivery.transport import Transport

from .sending import send_with, states
from .vendors.server import Reply
from .vendors.webhook import SECRET, Receiver

OTHER = "whsec_" + base64.b64encode(b"o" * 24).decode()


@pytest.fixture
def receiver():
    with Receiver() as vendor:
        yield vendor


def plugin(vendor, secret=SECRET, path="/hooks/people/", **options):
    options = {"requests_per_second": 1000, **options}
    return Webhook(options, {"WEBHOOK_SECRET": secret, "WEBHOOK_BASE_URL": vendor.url + path})


def record(key, **values):
    return Record(key, None, values, {k: v for k, v in values.items() if v is not None})


def send(vendor, operation, *records, **options):
    return send_with(plugin(vendor, **options), operation, *records)


def test_add_update_remove(receiver):
    assert states(send(receiver, "add", record("ann@example.com", score=1, tier="gold"))) == {
        "ann@example.com": "delivered"
    }
    send(receiver, "update", record("ann@example.com", score=2), record("new", score=1))
    assert receiver.records == {"ann@example.com": {"score": 2, "tier": "gold"}}
    send(receiver, "remove", record("ann@example.com", score=None), record("new", score=None))
    assert receiver.records == {"ann@example.com": {"tier": "gold"}}


def test_the_body_names_the_sync_and_repeats_the_id(receiver):
    send(receiver, "add", record("k", name="Zoë", hot=True), sync="leads")
    (request,) = receiver.requests
    assert request.body == {
        "id": request.headers["webhook-id"],
        "sync": "leads",
        "operation": "add",
        "records": [{"key": "k", "values": {"name": "Zoë", "hot": True}}],
    }
    assert request.headers["content-type"] == "application/json"


def test_the_option_url_wins_and_is_used_as_it_is(receiver):
    url = f"{receiver.url}/hooks/people/"
    assert states(send(receiver, "add", record("k", a=1), path="/elsewhere", url=url))
    assert receiver.records == {"k": {"a": 1}}


def test_each_delivery_has_an_id_of_its_own_and_each_try_the_same(receiver):
    """A, B, C and B again: a receiver that drops what it has seen ends at B."""
    target = plugin(receiver)
    with Transport(target) as transport:
        for value in "ABCB":
            receiver.fail_next("before", "after")
            for _ in range(2):
                with pytest.raises(Transient):
                    target.send(transport.call, "update", [record("k", a=value)])
            target.send(transport.call, "update", [record("k", a=value)])
            receiver.records.setdefault("k", {})
    assert len(receiver.ids) == len(set(receiver.ids)) == 4
    assert receiver.records == {"k": {"a": "B"}}


def test_a_batch_sent_again_after_a_lost_connection_is_applied_once(receiver):
    receiver.fail_next("after")
    target = plugin(receiver)
    with Transport(target) as transport:
        with pytest.raises(Transient):
            target.send(transport.call, "add", [record("k", a=1), record("l", a=1)])
        target.send(transport.call, "add", [record("l", a=1), record("k", a=1)])
    assert receiver.writes == {"k": 1, "l": 1}


def test_the_receiver_may_refuse_single_records(receiver):
    receiver.refuses = {"bob@example.com": "bob@example.com is not a customer"}
    got = send(receiver, "add", record("ann@example.com", a=1), record("bob@example.com", a=1))
    assert states(got) == {"ann@example.com": "delivered", "bob@example.com": "refused"}
    assert got["bob@example.com"].reason == "b***@example.com is not a customer"


def test_a_refusal_of_a_key_that_was_not_sent_leaves_the_rest_open(receiver):
    refused = [{"key": "K1", "reason": "no"}, {"key": "k2"}]
    receiver.fail_next(Reply(200, {"refused": refused}))
    got = send(receiver, "add", record("k1", a=1), record("k2", a=1))
    assert states(got) == {"k1": "open", "k2": "refused"}
    assert got["k2"].reason == "no reason given"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200),
        Reply(202, {"queued": True}),
        Reply(200, "thanks"),
        Reply(200, {"refused": []}),
        Reply(200, ["refused"]),
    ],
)
def test_any_2xx_means_delivered(receiver, reply):
    receiver.fail_next(reply)
    assert states(send(receiver, "add", record("k", a=1))) == {"k": "delivered"}


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        *((400, Refused), (409, Refused), (413, Refused), (422, Refused)),
        *((401, AuthError), (403, AuthError)),
        *((302, ConfigError), (404, ConfigError), (405, ConfigError), (410, ConfigError)),
    ],
)
def test_what_does_not_pass(receiver, status, problem):
    receiver.fail_next(*(Reply(status, body) for body in (None, {"error": "x"}, "text")))
    with Transport(plugin(receiver)) as transport:
        for _ in range(3):
            with pytest.raises(problem, match=f"HTTP {status}"):
                transport.destination.send(transport.call, "add", [record("k", a=1)])


@pytest.mark.parametrize(
    ("reply", "wait"),
    [
        (Reply(429, None, {"Retry-After": "7"}), 7),
        (Reply(429), None),
        (Reply(500, {"error": "x"}), None),
        (Reply(503, "<html>down</html>", {"Retry-After": "9"}), 9),
        (Reply(501), None),
        (Reply(200, "<!doctype html><html>log in</html>"), None),
    ],
)
def test_what_passes_is_tried_again(receiver, reply, wait):
    receiver.fail_next(reply)
    with pytest.raises(Transient) as problem:
        send(receiver, "add", record("k", a=1))
    assert problem.value.wait == wait


def test_a_wrong_secret_is_not_shown(receiver):
    with pytest.raises(AuthError, match="WEBHOOK_SECRET") as problem:
        send(receiver, "add", record("k", a=1), secret=OTHER)
    assert OTHER[6:] not in str(problem.value)


def test_erase_and_doctor(receiver):
    receiver.records = {"k": {"a": 1}, "other": {}}
    with Transport(plugin(receiver)) as transport:
        target = transport.destination
        assert target.erase(transport.call, "k", None)
        before = len(receiver.requests)
        (finding,) = target.doctor(transport.call, {})
        assert "not tried" in finding.detail and len(receiver.requests) == before
        target.may_probe = True
        assert [finding.is_fine for finding in target.doctor(transport.call, {})] == [True]
        receiver.refuses = {"other": "on hold"}
        with pytest.raises(Refused, match="on hold"):
            target.erase(transport.call, "other", None)
    assert receiver.records == {"other": {}}
    with Transport(plugin(receiver, path="/gone")) as transport:
        transport.destination.may_probe = True
        (finding,) = transport.destination.doctor(transport.call, {})
    assert not finding.is_fine and "HTTP 404" in finding.detail


def test_settings_are_checked(receiver):
    plugin(receiver).check()
    plugin(receiver, secret="a plain secret of more than 24".replace(" ", "-")).check()
    for secret, text in [
        ("", "WEBHOOK_SECRET"),
        ("short", "at least 24 bytes"),
        (f"{SECRET} short", "at least 24 bytes"),
        (f"{SECRET[:20]}*{SECRET[20:]}", "base64"),
        ("whsec_abc", "base64"),
    ]:
        with pytest.raises(ConfigError, match=text):
            plugin(receiver, secret=secret).check()
    with pytest.raises(ConfigError, match="url"):
        Webhook({}, {"WEBHOOK_SECRET": SECRET}).check()
    assert plugin(receiver).batch_size == 50
    assert plugin(receiver, records_per_request=10).batch_size == 10
    assert Webhook.forbidden == frozenset()


# The example that Standard Webhooks' own libraries are tested with.
VECTOR = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
VECTOR_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'


def signed(secret=VECTOR_SECRET, *, age=0, body=BODY):
    """Headers of a request that was signed so many seconds ago."""
    at = datetime.now(UTC) - timedelta(seconds=age)
    (key,) = keys_of(secret)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": StandardWebhook(key).sign("msg_1", at, body.decode()),
    }


def test_we_sign_as_the_example_of_the_specification():
    at = datetime.fromtimestamp(int(VECTOR["webhook-timestamp"]), UTC)
    (key,) = keys_of(VECTOR_SECRET)
    made = StandardWebhook(key).sign(VECTOR["webhook-id"], at, BODY.decode())
    assert made == VECTOR["webhook-signature"]
    assert verify(VECTOR_SECRET, signed(), BODY)
    assert verify(VECTOR_SECRET, {name.title(): text for name, text in signed().items()}, BODY)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_other"},
        {"webhook-id": ""},
        {"webhook-timestamp": "1614265331"},
        {"webhook-timestamp": "soon"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,é"},
        {"webhook-signature": "é"},
        {"webhook-signature": "v1a,AAAA"},
        {"webhook-signature": "AAAA"},
    ],
)
def test_verify_rejects_headers_that_were_tampered_with(change):
    assert not verify(VECTOR_SECRET, {**signed(), **change}, BODY)


def test_verify_rejects_another_body_another_secret_no_headers_and_old_or_future_times():
    assert not verify(VECTOR_SECRET, signed(), BODY + b" ")
    assert not verify(VECTOR_SECRET, signed(), b"\xff")
    assert not verify(OTHER, signed(), BODY)
    assert not verify("", signed(), BODY)
    assert not verify(VECTOR_SECRET, {}, BODY)
    assert not verify(VECTOR_SECRET, signed(age=310), BODY)
    assert not verify(VECTOR_SECRET, signed(age=-310), BODY)


def test_while_a_secret_is_replaced_both_work_on_either_side(receiver):
    both = f"{OTHER} {SECRET}"
    assert states(send(receiver, "add", record("k", a=1), secret=both)) == {"k": "delivered"}
    (request,) = receiver.requests
    assert len(request.headers["webhook-signature"].split(" ")) == 2
    for secret in (SECRET, OTHER, both):
        assert verify(secret, request.headers, request.raw)
    _, second = request.headers["webhook-signature"].split(" ")
    alone = {**request.headers, "webhook-signature": second}
    assert verify(both, alone, request.raw)
    assert not verify(OTHER, alone, request.raw)
