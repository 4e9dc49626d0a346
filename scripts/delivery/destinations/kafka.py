"""Write each record as a message to one topic of Kafka, by its key.

Contract, from the public documentation of Apache Kafka and of its client confluent-kafka (version
2.16, github.com/confluentinc/librdkafka, CONFIGURATION.md, as of November 2026):

- The key of a message is the record key, so all that concerns one record is in one partition and in
  order; `partitioner` murmur2_random chooses the partition that Java clients would.
- The value is the record as JSON: what has a value now, and null for what `policy: always` empties
  with this message. A field under `never_clear` that has no value any more is not in it, and where
  only that changed there is no message. So in a compacted topic, which keeps the last message of a
  key, what an earlier one said of that field is lost with the next one; a reader who is to keep it
  has to keep it. A remove is a message without value, which a compacted topic takes for a deletion.
  Headers: `operation` (add, update, remove, erase) and `sync`.
- `acks` all and `enable.idempotence`: a message counts as delivered when all replicas in sync have
  it, which the delivery report says for each. What got none may have arrived, and goes out again
  with the same content.
- A topic is never made by the way: one that the cluster does not list is an error.
- The cluster has an id, which tells two of them apart.

Settings of the client, credentials included, are in KAFKA_OPTIONS, a JSON object:
{"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "sasl.username": …}.
"""

import json
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from ..destination import Call, Destination, Finding, NoAnswer, Outcome, Record, Refused, Transient
from ..errors import AuthError, ConfigError, SyncError, redact

INSTALL = "The destination kafka needs a package: pip install confluent-kafka."
RIGHTS = "Check KAFKA_OPTIONS, and that its user may write to the topic and describe it."
# Names of the client's error codes; those with an underscore come from the client itself.
NOT_ALLOWED = {
    "_AUTHENTICATION",
    "SASL_AUTHENTICATION_FAILED",
    "TOPIC_AUTHORIZATION_FAILED",
    "CLUSTER_AUTHORIZATION_FAILED",
}
NO_TOPIC = {"UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "TOPIC_EXCEPTION"}
BAD_MESSAGE = {"MSG_SIZE_TOO_LARGE", "INVALID_RECORD", "INVALID_MSG", "INVALID_MSG_SIZE"}
FULL_SECONDS, GRACE_SECONDS = 0.2, 2.0
SHORTEST_SECONDS, LONGEST_SECONDS = 0.1, 86_400.0  # to the client 0 is for ever


class Kafka(Destination):
    """Messages in one topic."""

    name = "kafka"
    tells_removes = True
    takes_arrays = True
    secrets: ClassVar = {"KAFKA_BOOTSTRAP_SERVERS": "the brokers, as host:port,host:port"}
    options: ClassVar = {"topic": "", "timeout_seconds": 30.0, "batch_size": 5000}
    max_workers = 1  # the client itself keeps several requests on the wire

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        """Take the topic from the options, the settings from the environment; see Destination."""
        super().__init__(options, environ)
        self.topic, self.batch_size = self.option["topic"], self.option["batch_size"]
        if not SHORTEST_SECONDS <= self.option["timeout_seconds"] <= LONGEST_SECONDS:
            raise ConfigError(
                f"The option timeout_seconds of kafka is a number from {SHORTEST_SECONDS} to "
                f"{LONGEST_SECONDS:,.0f}."
            )
        try:
            self.access = json.loads(environ.get("KAFKA_OPTIONS") or "{}")
        except ValueError:
            self.access = None
        if not isinstance(self.access, dict):
            raise ConfigError("KAFKA_OPTIONS must be a JSON object.")
        self.sync = ""
        self.lock, self.made = threading.Lock(), None
        self.trouble: list[Any] = []  # errors of connections, newest last

    def check(self) -> None:
        """Raise ConfigError when the package, the brokers or the topic are missing."""
        super().check()
        if not self.topic:
            raise ConfigError("Set the option topic of kafka.")
        library()

    @property
    def account(self) -> str:
        """The topic."""
        return self.topic

    def whose(self, call: Call) -> str:
        """Return cluster and topic."""
        held = self.metadata()
        where = getattr(held, "cluster_id", None) or self.secret["KAFKA_BOOTSTRAP_SERVERS"]
        return f"cluster {where}, topic {self.topic}"

    def begin(self, sync: str, run_id: int) -> None:
        """Take the name that each message carries."""
        self.sync = sync

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the client; those that keep the promises cannot be changed."""
        milliseconds = int(self.option["timeout_seconds"] * 1000)
        return {
            "client.id": "audience-engine",
            "partitioner": "murmur2_random",
            "linger.ms": 20,
            **self.access,
            "bootstrap.servers": self.secret["KAFKA_BOOTSTRAP_SERVERS"],
            "acks": "all",
            "enable.idempotence": True,
            "allow.auto.create.topics": False,
            "message.timeout.ms": milliseconds,
        }

    def producer(self) -> Any:
        """Return the client, made once; raises ConfigError for settings that it does not take."""
        if not self.secret["KAFKA_BOOTSTRAP_SERVERS"]:
            raise ConfigError("Set KAFKA_BOOTSTRAP_SERVERS.")
        kafka = library()
        quiet = logging.getLogger("kafka.client")
        quiet.addHandler(logging.NullHandler())
        quiet.propagate = False  # it names hosts and users
        with self.lock:
            if self.made is None:
                try:
                    self.made = kafka.Producer(
                        {**self.settings, "error_cb": self.trouble.append}, logger=quiet
                    )
                except (kafka.KafkaException, TypeError, ValueError):
                    raise ConfigError(  # its text can hold a password
                        "The Kafka client does not take its settings: check KAFKA_OPTIONS."
                    ) from None
            return self.made

    def metadata(self) -> Any:
        """Return what the cluster says of itself and its topics; raises ConfigError without ours.

        Asked for all topics, since to ask for one may make it.
        """
        producer = self.producer()
        try:
            held = producer.list_topics(timeout=self.option["timeout_seconds"])
        except library().KafkaException as problem:
            producer.poll(0)
            raise self.signal(problem.args[0], "the cluster does not answer") from None
        found = held.topics.get(self.topic)
        if found is None or found.error is not None:
            raise ConfigError(
                f"The cluster has no topic {self.topic!r}, or does not show it: make it, with "
                "cleanup.policy=compact, and let our user describe it."
            )
        return held

    def send(self, call: Call, operation: str, records: Sequence[Record]) -> list[Outcome]:
        """Write one message per record and wait for all reports; see Destination.send."""
        self.metadata()
        errors = self.produce(operation, records)
        return self.outcomes(records, errors)

    def produce(self, operation: str, records: Sequence[Record]) -> dict[str, Any]:
        """Write messages; returns the error by key, None for what all replicas have."""
        kafka, producer = library(), self.producer()
        reports: dict[str, Any] = {}
        headers = {"operation": operation, "sync": self.sync}
        for record in records:
            content = None if operation in ("remove", "erase") else value_of(record)

            def report(error: Any, _: Any, key: str = record.key) -> None:
                reports[key] = error

            message = {"key": record.key, "value": content, "headers": headers}
            try:
                while True:
                    try:
                        producer.produce(self.topic, on_delivery=report, **message)
                        break
                    except BufferError:  # the queue is full: wait until some are sent
                        producer.poll(FULL_SECONDS)
            except kafka.KafkaException as problem:  # refused before it was sent
                reports[record.key] = problem.args[0]
        if producer.flush(self.option["timeout_seconds"] + GRACE_SECONDS):
            producer.purge()  # nothing may go out after we said that it did not
            producer.flush(GRACE_SECONDS)
        return reports

    def outcomes(self, records: Sequence[Record], errors: Mapping[str, Any]) -> list[Outcome]:
        """Return what became of each record; raises the signal when nothing arrived."""
        found = []
        for record in records:
            error = errors.get(record.key, "no report")
            if error is None:
                found.append(Outcome(record.key, "delivered"))
                continue
            signal = self.signal(error, "not confirmed")
            if isinstance(signal, SyncError):
                raise signal
            state = "refused" if isinstance(signal, Refused) else "open"
            found.append(Outcome(record.key, state, None, str(signal)))
        if found and all(outcome.state == "open" for outcome in found):
            raise NoAnswer(str(found[0].reason))
        return found

    def signal(self, error: Any, what: str) -> Exception:
        """Return the signal that fits an error, or the connection's error behind it."""
        names = [name_of(entry) for entry in (error, *self.trouble)]
        self.trouble.clear()
        if NOT_ALLOWED & set(names):
            return AuthError(f"Kafka does not accept the credentials ({names[0]}). {RIGHTS}")
        if names[0] in NO_TOPIC:
            return ConfigError(f"The cluster has no topic {self.topic!r}: make it.")
        if names[0] in BAD_MESSAGE:
            return Refused(redact(f"Kafka refuses the message ({names[0]})"))
        return Transient(f"{what} ({names[0]})")

    def erase(self, call: Call, key: str, remote_id: str | None) -> bool:
        """Write a deletion; False where the topic is not compacted and keeps what was sent."""
        record = Record(key, None, {}, {})
        self.metadata()
        [outcome] = self.outcomes([record], self.produce("erase", [record]))
        if outcome.state != "delivered":
            raise Refused(str(outcome.reason))
        return "compact" in self.policy()

    def policy(self) -> str:
        """Return the topic's cleanup policy, empty when the cluster does not say it."""
        from confluent_kafka.admin import AdminClient, ConfigResource

        resource = ConfigResource(ConfigResource.Type.TOPIC, self.topic)
        kept = {"acks", "enable.idempotence", "message.timeout.ms", "partitioner", "linger.ms"}
        settings = {name: value for name, value in self.settings.items() if name not in kept}
        settings |= {"logger": logging.getLogger("kafka.client")}
        try:
            admin = AdminClient(settings)  # a name of its own: it has to live until the answer
            asked = admin.describe_configs(
                [resource], request_timeout=self.option["timeout_seconds"]
            )
            return str(asked[resource].result()["cleanup.policy"].value)
        except (library().KafkaException, KeyError, ValueError):
            return ""

    def doctor(
        self, call: Call, fields: Mapping[str, str], *, create: bool = False
    ) -> Iterator[Finding]:
        """Look at the brokers and the topic; no message is written."""
        try:
            self.metadata()
        except (SyncError, Transient) as problem:
            yield Finding("topic", False, str(problem))
            return
        yield Finding("topic", True)
        policy = self.policy()
        keeps = "a forgotten person's messages stay until they expire: set cleanup.policy=compact"
        yield Finding("cleanup.policy", True, "" if "compact" in policy else keeps)


def library() -> Any:
    """Return the client's package; raises ConfigError when it is not installed."""
    try:
        import confluent_kafka
    except ImportError:
        raise ConfigError(INSTALL) from None
    return confluent_kafka


def name_of(error: Any) -> str:
    """Return the name of an error, without its text."""
    return error if isinstance(error, str) else str(error.name())


def value_of(record: Record) -> str:
    """Return what has a value, and what is emptied now, as JSON with sorted names."""
    whole = record.whole | record.values
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
