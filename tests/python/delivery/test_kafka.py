"""Kafka: what the consumer of a topic gets, against the brokers that the client brings along."""

import json
import sys
import time
import weakref

import pytest

from scripts.delivery.destination import NoAnswer, Record, Transient
from scripts.delivery.destinations.kafka import INSTALL, Kafka
from scripts.delivery.errors import AuthError, ConfigError

kafka = pytest.importorskip("confluent_kafka", reason=INSTALL)
pytest.importorskip("confluent_kafka.admin")
TOPIC = "audiences"


@pytest.fixture(scope="module")
def brokers():
    """The addresses of two brokers in this process, and a topic."""
    settings = {"test.mock.num.brokers": 2, "log_level": 0, "bootstrap.servers": "none"}
    owner = kafka.Producer(settings)
    owner.list_topics(TOPIC, timeout=5)  # these brokers make a topic that is asked for
    held = owner.list_topics(timeout=5)
    yield ",".join(f"{broker.host}:{broker.port}" for broker in held.brokers.values())
    del owner


def plugin(brokers, **options):
    environ = {"KAFKA_BOOTSTRAP_SERVERS": brokers, "KAFKA_OPTIONS": '{"linger.ms": 0}'}
    made = Kafka({"topic": TOPIC, "timeout_seconds": 5, **options}, environ)
    made.check()
    made.begin("contacts", 7)
    return made


@pytest.fixture
def heard(brokers):
    """Return the messages since the last call: partition, key, value and headers."""
    consumer = kafka.Consumer({"bootstrap.servers": brokers, "group.id": "g", "log_level": 0})
    parts = [kafka.TopicPartition(TOPIC, n) for n in range(4)]
    ends = [consumer.get_watermark_offsets(part, timeout=5)[1] for part in parts]
    consumer.assign([kafka.TopicPartition(TOPIC, p.partition, o) for p, o in zip(parts, ends)])  # noqa: B905

    def heard(count):
        found, until = [], time.monotonic() + 10
        while len(found) < count and time.monotonic() < until:
            found += consumer.consume(count - len(found), timeout=0.5)
        return [
            (o.partition(), o.key().decode(), o.value() and json.loads(o.value()),
             {name: value.decode() for name, value in o.headers()})
            for o in found
        ]  # fmt: skip

    yield heard
    consumer.close()


def record(key, values, whole=None):
    return Record(key, None, values, {**(whole or {}), **values})


def test_a_key_is_told_in_order_whole_and_at_last_without_a_value(brokers, heard):
    destination = plugin(brokers)
    first = {"email": "ann@example.com", "segments": ["a", "b"], "score": 7}
    done = destination.send(None, "add", [record("AbC1", first), record("abc1", {"score": 1})])
    assert [outcome.state for outcome in done] == ["delivered", "delivered"]
    destination.send(None, "update", [record("AbC1", {"score": None}, first)])
    destination.send(None, "remove", [Record("AbC1", None, {"score": None}, {})])
    messages = heard(4)
    ann = [message for message in messages if message[1] == "AbC1"]
    assert len({partition for partition, *_ in ann}) == 1
    assert [message[2:] for message in ann] == [
        (first, {"operation": "add", "sync": "contacts"}),
        ({**first, "score": None}, {"operation": "update", "sync": "contacts"}),
        (None, {"operation": "remove", "sync": "contacts"}),
    ]
    assert ("abc1", {"score": 1}) in [message[1:3] for message in messages]


def test_a_message_that_is_too_large_is_refused_alone(brokers, heard):
    done = plugin(brokers).send(
        None, "add", [record("big", {"x": "y" * 2_000_000}), record("small", {"x": 1})]
    )
    assert [(o.key, o.state) for o in done] == [("big", "refused"), ("small", "delivered")]
    assert done[0].reason == "Kafka refuses the message (MSG_SIZE_TOO_LARGE)"
    assert [message[1] for message in heard(1)] == ["small"]


def test_a_topic_is_never_made_by_the_way(brokers):
    destination = plugin(brokers, topic="nowhere")
    for ask in (lambda: destination.send(None, "add", [record("a", {"x": 1})]),
                lambda: destination.whose(None)):  # fmt: skip
        with pytest.raises(ConfigError, match="no topic 'nowhere'"):
            ask()
    assert "nowhere" not in plugin(brokers).metadata().topics
    assert [finding.is_fine for finding in destination.doctor(None, {})] == [False]


def test_whose_cluster_it_is(brokers):
    assert plugin(brokers).whose(None).startswith("cluster mockCluster")
    assert plugin(brokers).whose(None).endswith(", topic audiences")


def test_a_forgotten_person_is_a_message_without_a_value(brokers, heard, monkeypatch):
    for policy, erased in (("compact,delete", True), ("delete", False), ("", False)):
        monkeypatch.setattr(Kafka, "policy", lambda self, policy=policy: policy)
        assert plugin(brokers).erase(None, "ann", None) is erased
    found = [message[1:] for message in heard(3)]
    assert found == [("ann", None, {"operation": "erase", "sync": "contacts"})] * 3
    detail = [finding.detail for finding in plugin(brokers).doctor(None, {})]
    assert detail[0] == "" and "compact" in detail[1]


def test_nobody_at_home():
    destination = plugin("127.0.0.1:1", timeout_seconds=0.1)
    with pytest.raises(Transient, match=r"does not answer \(_TRANSPORT\)"):
        destination.send(None, "add", [record("a", {"x": 1})])


def error(name):
    return kafka.KafkaError(getattr(kafka.KafkaError, name))


def test_each_report_is_told_apart(brokers):
    destination, records = plugin(brokers), [record(key, {"x": 1}) for key in "abc"]
    late = error("_MSG_TIMED_OUT")
    found = destination.outcomes(records, {"a": None, "b": late, "c": error("INVALID_RECORD")})
    assert [outcome.state for outcome in found] == ["delivered", "open", "refused"]
    with pytest.raises(NoAnswer, match=r"not confirmed \(_MSG_TIMED_OUT\)"):
        destination.outcomes(records[:1], {"a": late})
    with pytest.raises(NoAnswer, match="no report"):
        destination.outcomes(records[:1], {})
    for name, kind in (("TOPIC_AUTHORIZATION_FAILED", AuthError),
                       ("UNKNOWN_TOPIC_OR_PART", ConfigError)):  # fmt: skip
        with pytest.raises(kind):
            destination.outcomes(records, {"a": None, "b": error(name)})
    destination.trouble.append(error("_AUTHENTICATION"))  # why nothing was confirmed
    with pytest.raises(AuthError):
        destination.outcomes(records[:1], {"a": late})


def test_settings(monkeypatch):
    environ = {"KAFKA_BOOTSTRAP_SERVERS": "h:9092", "KAFKA_OPTIONS": "[1]"}
    with pytest.raises(ConfigError, match="JSON object"):
        Kafka({}, environ)
    lax = '{"acks": "0", "enable.idempotence": false, "sasl.password": "hunter2"}'
    settings = Kafka({"topic": "t"}, {**environ, "KAFKA_OPTIONS": lax}).settings
    assert (settings["acks"], settings["enable.idempotence"]) == ("all", True)
    wrong = Kafka({"topic": "t"}, {**environ, "KAFKA_OPTIONS": '{"sasl.pass": "hunter2"}'})
    with pytest.raises(ConfigError, match="KAFKA_OPTIONS") as found:
        wrong.producer()
    assert "hunter2" not in str(found.value)
    with pytest.raises(ConfigError, match="option topic"):
        Kafka({}, {"KAFKA_BOOTSTRAP_SERVERS": "h:9092"}).check()
    with pytest.raises(ConfigError, match="KAFKA_BOOTSTRAP_SERVERS"):
        Kafka({"topic": "t"}, {}).check()
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(ConfigError, match="pip install confluent-kafka"):
        Kafka({"topic": "t"}, {"KAFKA_BOOTSTRAP_SERVERS": "h:9092"}).check()


def test_the_policy_of_a_topic_is_asked_by_a_client_that_lives(monkeypatch):
    """The client of the library drops its questions when nobody holds it."""

    class Admin:
        def __init__(self, settings):
            assert "acks" not in settings

        def describe_configs(self, resources, **_):
            return {resources[0]: Answer(weakref.ref(self))}

    class Answer:
        def __init__(self, asked_by):
            self.asked_by = asked_by

        def result(self):
            assert self.asked_by() is not None
            return {"cleanup.policy": kafka.admin.ConfigEntry("cleanup.policy", "compact")}

    monkeypatch.setattr("confluent_kafka.admin.AdminClient", Admin)
    assert Kafka({"topic": "t"}, {"KAFKA_BOOTSTRAP_SERVERS": "h:9092"}).policy() == "compact"
