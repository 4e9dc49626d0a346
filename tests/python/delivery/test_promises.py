"""Promises of docs/pushing.md that no other file tests: one test each, named after its promise."""

import gzip
import inspect
import re
import socket
import stat
import threading
import time
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace

import duckdb
import httpx
import pytest

from dev import demo_crm
from scripts import delivery
from scripts.commands import status
from scripts.delivery import engine
from scripts.delivery.config import Field
from scripts.delivery.destination import (
    Destination,
    Finding,
    NoAnswer,
    Outcome,
    Record,
    Refused,
    Stop,
    Transient,
)
from scripts.delivery.destinations.slack import Slack
from scripts.delivery.ledger import Ledger
from scripts.delivery.limits import Quota, folder
from scripts.delivery.plug_ins import own
from scripts.delivery.show import for_each
from scripts.delivery.transport import Transport, patient, retry_after

from .test_engine import A_SYNC, ROOT, TOKEN, fill, held, make_sync, people, person, push, wanted
from .vendors.slack import PATH, SlackChannel


@pytest.fixture
def crm():
    with demo_crm.start(token=TOKEN, requests_per_10s=100_000) as running:
        yield running


@pytest.fixture
def sync(crm, tmp_path):
    return make_sync(crm, tmp_path)


def test_every_promise_of_the_docs_names_a_test_that_there_is():
    text = (ROOT / "docs/pushing.md").read_text(encoding="utf-8")
    named = re.findall(r"`(test_\w+\.py)(?:::(\w+))?`", text)
    assert len(named) > 20
    for file, name in named:
        found = (ROOT / "tests/python/delivery" / file).read_text(encoding="utf-8")
        assert f"def {name or 'test_'}" in found, (file, name)


def test_the_docs_name_every_destination_that_takes_lists():
    text = (ROOT / "docs/pushing.md").read_text(encoding="utf-8")
    [named] = re.findall(r"where the destination has them \(([^)]+)\)", text)
    taking = {name for name, kind in own().items() if kind.takes_arrays}
    documented = {re.sub(r"\W", "", name.lower()).removesuffix("s") for name in named.split(",")}
    assert documented == {name.removesuffix("s") for name in taking}


class Memory(Destination):
    """Keeps what it is sent; `refuses` are keys, `whole` batches that hold one of `poison`."""

    name = "memory"
    address = "http://127.0.0.1:9"
    batch_size = 4
    quota = (100_000, 1.0)

    def __init__(self):
        super().__init__({}, {})
        self.records, self.operations, self.refuses, self.poison = {}, [], set(), set()

    def send(self, call, operation, records):
        if self.poison & {record.key for record in records}:
            raise Refused("no")
        outcomes = []
        for record in records:
            is_refused = record.key in self.refuses
            outcomes.append(Outcome(record.key, "refused" if is_refused else "delivered"))
            if not is_refused:
                self.operations.append((operation, record.key))
                self.records.setdefault(record.key, {}).update(record.values)
        return outcomes


# ---------------------------------------------------------------------- a remove removes


def test_who_leaves_never_keeps_every_field():
    with pytest.raises(delivery.ConfigError, match="would keep every field"):
        delivery.make_sync("a", A_SYNC, {}, {})
    always = A_SYNC | {"fields": {"x": {"to": "y", "policy": "always"}}}
    assert delivery.make_sync("a", always, {}, {}).remote == {"y": "always"}


@pytest.mark.parametrize("name", ["klaviyo", "braze", "customerio", "iterable", "intercom"])
def test_a_field_that_a_remove_keeps_cannot_be_one_that_it_empties(name):
    fields = {"email": {"to": "email", "policy": "always"}, "x": {"to": "y", "policy": "always"}}
    with pytest.raises(delivery.ConfigError, match=r"\['email'\] cannot have `policy: always`"):
        delivery.make_sync("a", A_SYNC | {"destination": name, "fields": fields}, {}, {})


def test_a_heading_in_peoples_own_words(sync):
    heading = "Öffnung: now (7 d), 20 %"
    fields = {"segments": {"to": heading, "policy": "always"}}
    to_a_sheet = A_SYNC | {"destination": "google_sheets", "fields": fields}
    assert delivery.make_sync("a", to_a_sheet, {}, {}).remote == {heading: "always"}
    with pytest.raises(delivery.ConfigError, match="hubspot has no fields of such names"):
        delivery.make_sync("a", A_SYNC | {"fields": fields}, {}, {})
    sync = replace(sync, destination=Memory(), fields={"segments": Field(heading, "always")})
    for value in ("a", "b"):
        fill(sync.warehouse, [person("ann", segments=value)])
        push(sync)
    assert sync.destination.records == {"ann@example.com": {heading: "b"}}
    assert push(sync).delivered == 0


def test_what_cannot_be_taken_back_is_noted_and_not_called_delivered(sync):
    fields = {"segments": Field("segment"), "grade": Field("reason")}
    sync = replace(sync, fields=fields, max_remove_share=1)
    with SlackChannel() as vendor:
        slack = Slack({}, {"SLACK_WEBHOOK_URL": vendor.url + PATH})
        sync = replace(sync, destination=slack)
        fill(sync.warehouse, people(2, segments="a", grade="A"))
        assert push(sync).delivered == 2
        fill(sync.warehouse, people(1, segments="a", grade="A"))
        before = len(vendor.requests)
        result = push(sync)
        assert (result.delivered, result.noted, result.exit_code) == (0, 1, 0)
        assert len(vendor.requests) == before and delivery.plan(sync).nothing
        found = delivery.forget(sync, "person0000@example.com")
        assert found.outcome == "noted" and "by hand" in found.problem
        assert delivery.forget(sync, "person0000@example.com").outcome == "nothing"


def test_in_the_examples_who_is_in_no_segment_keeps_no_segment():
    for sync in delivery.load_syncs(ROOT / "sync.example.yml", environ={}):
        kept = [
            column
            for column, field in sync.fields.items()
            if "segment" in column
            and field.policy != "always"
            and field.to not in sync.destination.memberships
        ]
        assert not kept or sync.destination.name == "slack", (sync.name, kept)


# ---------------------------------------------------------------------- keys


def test_keys_keep_their_case_unless_they_are_addresses(sync):
    memory = Memory()
    sync = replace(sync, destination=memory, key=("profile_id",))
    rows = [person("AbC1", email="A@example.com"), person("abc1", email="B@example.com")]
    fill(sync.warehouse, rows)
    assert push(sync).delivered == 2
    assert set(memory.records) == {"AbC1", "abc1"}
    by_address = Memory()
    sync = replace(sync, destination=by_address, key=("profile_id", "email"), name="both")
    push(sync)
    assert set(by_address.records) == {"AbC1|a@example.com", "abc1|b@example.com"}


# ---------------------------------------------------------------------- what may not be repeated


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_what_was_never_on_the_wire_goes_again_by_itself(sync):
    fields = {"segments": Field("segment"), "grade": Field("reason")}
    sync = replace(sync, fields=fields, max_tries=2, backoff_seconds=0.001)
    fill(sync.warehouse, people(3, segments="a", grade="A"))
    nowhere = f"http://127.0.0.1:{closed_port()}/services/x"
    with SlackChannel() as vendor:
        slack = Slack({}, {"SLACK_WEBHOOK_URL": vendor.url + PATH})
        slack.post = lambda call, message: call("POST", nowhere, json=message)
        sync = replace(sync, destination=slack)
        result = push(sync)
        assert (result.open, result.exit_code) == (3, 3) and "no connection" in result.stopped
        assert (delivery.status(sync).held_count, delivery.status(sync).open) == (0, 3)
        del slack.post
        assert delivery.push(sync).delivered == 3
        assert len(vendor.messages) == 1


def test_half_of_a_batch_that_was_said_is_not_said_again(sync):
    """The first half was heard; what came after it did not leave, so it goes again, alone."""

    class Loud(Memory):
        is_idempotent, batch_size, is_full = False, 4, True

        def send(self, call, operation, records):
            if len(records) == 4:
                raise Refused("too many")
            if self.is_full and self.operations:
                raise Stop("the quota is used up")
            return super().send(call, operation, records)

    loud = Loud()
    sync = replace(sync, destination=loud, workers=1)
    fill(sync.warehouse, people(4, segments="a"))
    assert push(sync).open == 2
    loud.is_full = False
    assert delivery.push(sync).delivered == 2
    assert sorted(key for _, key in loud.operations) == [
        f"person{number:04}@example.com" for number in range(4)
    ]


# ---------------------------------------------------------------------- values


def add_column(sync, name, kind, expression):
    with duckdb.connect(str(sync.warehouse)) as connection:
        connection.execute(f"alter table activation.crm_contacts add column {name} {kind}")
        connection.execute(f"update activation.crm_contacts set {name} = {expression}")


def test_nan_and_infinity_leave_as_nothing(sync):
    memory = Memory()
    fields = {"share": Field("share", "always"), "segments": Field("segments", "always")}
    sync = replace(sync, destination=memory, fields=fields)
    fill(sync.warehouse, people(3, segments="a"))
    add_column(sync, "share", "double", "case profile_id when 'person0000' then 'nan'::double"
               " when 'person0001' then '-infinity'::double else 0.5 end")  # fmt: skip
    assert push(sync).exit_code == 0
    assert [memory.records[key].get("share") for key in sorted(memory.records)] == [None, None, 0.5]
    assert delivery.plan(sync).nothing


@pytest.mark.parametrize(
    ("kind", "expression", "as_list", "as_text"),
    [
        ("varchar[]", "['a', null, 'b', '']", ["a", "b"], "a;b"),
        ("integer[]", "[3, 1]", [3, 1], "3;1"),
        ("varchar[]", "[]", None, None),
    ],
)
@pytest.mark.parametrize("takes_arrays", [True, False])
def test_lists_leave_as_lists_or_as_text(
    sync, monkeypatch, takes_arrays, kind, expression, as_list, as_text
):
    memory = Memory()
    monkeypatch.setattr(Memory, "takes_arrays", takes_arrays)
    sync = replace(sync, destination=memory, fields={"words": Field("words", "always")})
    fill(sync.warehouse, people(1))
    add_column(sync, "words", kind, expression)
    push(sync)
    [values] = memory.records.values()
    assert values.get("words") == (as_list if takes_arrays else as_text)
    assert push(sync).run_id is None


def test_a_number_that_hardly_changed_is_not_sent(sync):
    """Not in one step, and not in many small ones either: it is compared with what they hold."""
    memory = Memory()
    fields = {
        "engagement_score": Field("score", "always", 5),
        "segments": Field("segments", "always"),
    }
    sync = replace(sync, destination=memory, fields=fields)
    seen = []
    for score, segments in [(50, "a"), (54, "a"), (46, "b"), (45, "b"), (41, "b"), (None, "b")]:
        fill(sync.warehouse, [person("ann", engagement_score=score, segments=segments)])
        push(sync)
        seen.append((len(memory.operations), memory.records["ann@example.com"]["score"]))
    assert seen == [(1, 50), (1, 50), (2, 50), (3, 45), (3, 45), (4, None)]


def test_the_examples_hold_back_small_changes_of_scores():
    for sync in delivery.load_syncs(ROOT / "sync.example.yml", environ={}):
        small = [
            column
            for column, field in sync.fields.items()
            if column in ("engagement_score", "fit_score") and not field.changes_by
        ]
        assert not small, sync.name


# ---------------------------------------------------------------------- one and the others


def test_one_record_that_breaks_the_plug_in_never_stops_the_others(sync):
    class Brittle(Memory):
        def send(self, call, operation, records):
            if any("0003" in record.key for record in records):
                raise KeyError("a name of a person")
            return super().send(call, operation, records)

    brittle = Brittle()
    sync = replace(sync, destination=brittle, max_tries=2, backoff_seconds=0.001)
    fill(sync.warehouse, people(10, segments="a"))
    result = push(sync)
    assert (result.delivered, result.open, result.exit_code) == (9, 1, 3)
    assert "person0003@example.com" not in brittle.records


# ---------------------------------------------------------------------- proof


@pytest.mark.parametrize("status", [200, 204])
@pytest.mark.parametrize("raw", ["", "{}"])
def test_an_answer_that_says_nothing_is_no_success(crm, sync, status, raw):
    rows = people(3, segments="a")
    fill(sync.warehouse, rows)
    crm.fail_next(1, status=status, raw=raw)
    result = push(sync)
    assert (result.delivered, result.retries) == (3, 1)
    assert held(crm) == wanted(rows)


ENVIRON = {
    "BOTTLECRM_BASE_URL": "https://crm.example",
    "BRAZE_BASE_URL": "https://rest.example",
    "SALESFORCE_BASE_URL": "https://sales.example",
    "MAILCHIMP_API_KEY": "key-us1",
    "SLACK_WEBHOOK_URL": "https://hooks.example/services/x",
    "GOOGLE_ACCESS_TOKEN": "token",
    "META_ACCESS_TOKEN": "token",
    "GOOGLE_SHEETS_ACCESS_TOKEN": "token",
    "MARKETO_BASE_URL": "https://marketo.example",
}
# Where the contract says so: any 2xx of a webhook, `{}` of Customer.io, 204 of Mailchimp's tags,
# `{}` of Iterable for a user who is not there.
PROVEN = {("webhook", 200), ("webhook", 204), ("customerio", 200), ("mailchimp", 204)}
PROVEN |= {("iterable", 200)}
SILENT_UPDATES = {"slack", "files"}  # an update makes no request


@pytest.mark.parametrize("raw", ["", "{}"])
@pytest.mark.parametrize("status", [200, 204])
@pytest.mark.parametrize("operation", ["add", "update", "remove"])
def test_no_plug_in_takes_an_answer_that_says_nothing_for_success(operation, status, raw):
    values = {"email": "ann@example.com", "list": "news", "audience": "pricing_researchers"}
    proven = {name for name, code in PROVEN if code == status}
    for sync in delivery.load_syncs(ROOT / "sync.example.yml", environ=ENVIRON):
        destination, asked = sync.destination, []
        if destination.name in proven | SILENT_UPDATES:
            continue

        def call(method, address, asked=asked, **arguments):
            asked.append(address)
            request = httpx.Request(method, httpx.URL("https://x.example").join(address))
            return httpx.Response(status, text=raw, request=request)

        whole = {name: values.get(name, "1") for name in sync.remote}
        record = Record("news|ann@example.com", None, whole, whole)
        try:
            outcomes = destination.send(call, operation, [record])
        except (Transient, Refused, Stop, delivery.SyncError, LookupError, TypeError):
            continue
        assert asked and [outcome.state for outcome in outcomes] != ["delivered"], sync.name


# ---------------------------------------------------------------------- who must leave


def test_a_refused_remove_of_a_suppressed_person_is_tried_until_it_succeeds(sync):
    memory = Memory()
    sync = replace(sync, destination=memory, max_remove_share=1)
    fill(sync.warehouse, people(3, segments="a"))
    push(sync)
    with duckdb.connect(str(sync.warehouse)) as connection:
        connection.execute("insert into marts.profile_suppressions values ('person0001')")
    fill(sync.warehouse, people(2, segments="a"))  # and one who left of their own
    memory.refuses = {"person0001@example.com", "person0002@example.com"}
    for tries, refused in [(1, 2), (2, 1), (3, 1)]:
        result = push(sync)
        assert (result.refused, result.exit_code) == (refused, 3), tries
        found = delivery.status(sync)
        assert (found.owed_count, found.dead_count) == (1, 1)
        assert looked_at(sync) == 3
    assert not delivery.plan(sync).nothing
    assert len(delivery.dead(sync, "drop", [])) == 1  # nobody can say never mind
    assert delivery.status(sync).owed_count == 1
    memory.refuses = set()
    assert push(sync).exit_code == 0
    assert ("remove", "person0001@example.com") in memory.operations
    assert delivery.status(sync).owed_count == 0 and looked_at(sync) == 0


def looked_at(sync):
    """The exit code of `audiences status` for one sync."""
    return status.with_code(delivery.status(sync))[1]


# ---------------------------------------------------------------------- guards


def pushed(sync, count=60, **values):
    fill(sync.warehouse, people(count, segments="a", grade="A", **values))
    return push(sync)


@pytest.fixture
def quiet(sync):
    """A sync that nothing but its guards stops."""
    fields = {"segments": Field("segments", "always"), "grade": Field("grade", "always")}
    return replace(sync, destination=Memory(), fields=fields)


def test_values_that_vanish_stop_the_push(quiet):
    pushed(quiet)
    rows = people(60, segments="a", grade="A")
    for row in rows[:13]:
        row["grade"] = None
    fill(quiet.warehouse, rows)
    with pytest.raises(delivery.GuardError, match=r"grade would be emptied in 13 of 60 .*0\.22"):
        push(quiet)
    assert "emptied" in delivery.plan(quiet).guard
    assert push(replace(quiet, max_blank_share=0.22)).delivered == 13


def test_values_that_change_nearly_everywhere_stop_the_push(quiet):
    pushed(quiet)
    fill(quiet.warehouse, people(60, segments="b", grade="A"))
    with pytest.raises(delivery.GuardError, match=r"60 of 60 .* updated"):
        push(quiet)
    assert push(replace(quiet, max_change_share=1)).delivered == 60


def test_a_consent_that_nobody_filled_in_stops_the_push(quiet):
    pushed(quiet)
    add_column(quiet, "is_consented", "boolean", "null")
    with pytest.raises(delivery.GuardError, match="none says whether the person consented"):
        push(quiet)
    with duckdb.connect(str(quiet.warehouse)) as connection:
        connection.execute("update activation.crm_contacts set is_consented = profile_id <> 'x'")
    assert push(quiet).exit_code == 0


def test_a_source_that_shrinks_day_by_day_stops_the_push(quiet):
    for count in (100, 85, 80):
        pushed(quiet, count)
    with pytest.raises(delivery.GuardError, match=r"22 of 100 .*seven days ago.*0\.23|shrinks"):
        pushed(quiet, 78)
    assert pushed(replace(quiet, max_remove_share=0.23), 78).exit_code == 0
    with Ledger(quiet.ledger, quiet.ledger_name) as ledger:  # a week later it is history
        ledger.run("update {t}.sync_run set started_at = started_at - interval 8 day")
    assert pushed(quiet, 64).exit_code == 0


def test_removes_that_were_tried_in_vain_are_not_counted_again(quiet):
    class Down(Memory):
        is_down = False

        def send(self, call, operation, records):
            if self.is_down:
                raise Stop("the quota is used up")
            return super().send(call, operation, records)

    down = Down()
    quiet = replace(quiet, destination=down)
    pushed(quiet, 100)
    down.is_down = True
    for _ in range(3):
        assert pushed(quiet, 85).open == 15
    down.is_down = False
    assert pushed(quiet, 85).exit_code == 0
    assert pushed(quiet, 84).exit_code == 0


# ---------------------------------------------------------------------- several syncs


@pytest.mark.parametrize(
    ("problem", "worst"), [(ValueError("ann@example.com"), 7), (delivery.AuthError("no"), 6)]
)
def test_one_sync_that_fails_never_skips_the_next_and_the_worst_code_is_told(
    capsys, problem, worst
):
    shown = []

    def run(name):
        if name == "second":
            raise problem
        return name, 3

    syncs = [SimpleNamespace(name=name) for name in ("first", "second", "third")]
    code = for_each(syncs, lambda sync: run(sync.name), shown.append, as_json=False)
    assert (shown, code) == (["first", "third"], worst)
    assert "ann@" not in capsys.readouterr().err


# ---------------------------------------------------------------------- time and quotas


def test_an_answer_that_drips_in_is_given_up(tmp_path):
    """Each byte comes in time; all of them together do not."""

    def drip(listener):
        with listener.accept()[0] as client:
            client.recv(65_536)
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            with suppress(OSError):
                for _ in range(1000):
                    client.sendall(b"x")
                    time.sleep(0.02)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, args=(listener,), daemon=True).start()
        memory = Memory()
        memory.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        began = time.monotonic()
        with Transport(memory, timeout_seconds=0.3) as transport, pytest.raises(NoAnswer):
            transport.call("GET", "/")
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_an_answer_arrives_whole(encoding):
    with SlackChannel() as vendor:
        body = gzip.compress(b"[1]") if encoding else b"[1]"
        headers = {"Content-Encoding": encoding} if encoding else {}
        memory = Memory()
        memory.base_url = vendor.url
        with Transport(memory) as transport:
            transport.client = httpx.Client(
                base_url=vendor.url,
                transport=httpx.MockTransport(
                    lambda _: httpx.Response(200, headers=headers, stream=httpx.ByteStream(body))
                ),
            )
            assert transport.call("GET", "/").json() == [1]


def test_syncs_of_one_account_share_its_quota(monkeypatch, tmp_path):
    """Also those of other programs: the window is counted in a file."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("scripts.delivery.limits.folder", folder)
    first, second, other = Memory(), Memory(), Memory()
    for memory in (first, second, other):
        memory.quota = (100, 60.0)
    other.base_url = "http://another.example"
    quotas = [Quota(memory) for memory in (first, second, other)]
    granted = [sum(quota.allows() for _ in range(60)) for quota in quotas]
    for quota in quotas:
        quota.close()
    assert granted == [60, 35, 60]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o700 for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.05", 0.05),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wednesday, 21-Oct-15 07:28:00 GMT", 0.0),
        ("Wed Oct 21 07:28:00 2015", 0.0),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 2_000_000_000.0),
        ("-5", None),
        ("inf", None),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("99 99 99", None),
    ],
)
def test_retry_after_in_every_form(header, seconds):
    found = retry_after(httpx.Response(429, headers={"Retry-After": header}))
    assert found == seconds or (seconds and seconds > 1e9 and found > 1e9), found


# ---------------------------------------------------------------------- who comes back


@pytest.mark.parametrize("is_applied", [True, False])
@pytest.mark.parametrize("policy", ["never_clear", "always"])
def test_who_returns_after_a_remove_without_an_answer_is_added_whole(sync, policy, is_applied):
    class Lossy(Memory):
        tells_removes, is_lost = True, False

        def send(self, call, operation, records):
            if operation == "remove" and (is_applied or not self.is_lost):
                for record in records:
                    self.records.pop(record.key, None)
            if self.is_lost:
                raise NoAnswer("the answer is lost")
            return super().send(call, operation, records)

    lossy = Lossy()
    fields = {"email": Field("email"), "grade": Field("grade", policy)}
    sync = replace(sync, destination=lossy, fields=fields, max_tries=1, max_remove_share=1)
    ann, bob = person("ann", grade="A"), person("bob", grade="B")
    for limit in (None, 0):  # also when a push in between sends nothing
        fill(sync.warehouse, [ann, bob])
        push(sync)
        fill(sync.warehouse, [bob])
        lossy.is_lost = True
        assert push(sync).open == 1
        lossy.is_lost = False
        fill(sync.warehouse, [ann, bob])
        if limit is not None:
            push(sync, only=limit)
        result = push(sync)
        assert (result.delivered, result.diff.counts["add"]) == (1, 1)
        assert lossy.records["ann@example.com"] == {"email": "ann@example.com", "grade": "A"}
        assert delivery.plan(sync).nothing


# ---------------------------------------------------------------------- who must not be reached


def known_as(sync, **addresses):
    """Write the identity table: an address of each profile."""
    with duckdb.connect(str(sync.warehouse)) as connection:
        connection.execute(
            "create or replace table marts.profile_identifiers (identifier_type varchar,"
            " identifier_value varchar, profile_id varchar, suppression_reason varchar)"
        )
        connection.executemany(
            "insert into marts.profile_identifiers values ('email', ?, ?, null)",
            [[address, profile] for profile, address in addresses.items()],
        )


def suppress_profile(sync, *profiles):
    with duckdb.connect(str(sync.warehouse)) as connection:
        connection.executemany(
            "insert into marts.profile_suppressions values (?)", [[name] for name in profiles]
        )


@pytest.mark.parametrize("key", [("email",), ("profile_id",), ("lifecycle_stage", "email")])
def test_the_suppressed_whom_the_mart_leaves_out_are_owed_and_need_no_guard(sync, key):
    memory = Memory()
    sync = replace(sync, destination=memory, key=key)
    rows = people(10, segments="a")
    fill(sync.warehouse, rows)
    known_as(sync, **{row["profile_id"]: row["email"] for row in rows})
    push(sync)
    suppress_profile(sync, "person0000", "person0001", "person0002")
    fill(sync.warehouse, rows[3:])
    left = {name for name in memory.records if any(f"000{i}" in name for i in (0, 1, 2))}
    memory.refuses = left
    assert len(left) == 3 and push(sync).diff.suppressed_removes == 3
    assert delivery.status(sync).owed_count == 3
    push(sync, only=0)  # a look at a few leaves them owed
    assert delivery.status(sync).owed_count == 3
    memory.refuses = set()
    assert push(sync).exit_code == 0
    assert {name for operation, name in memory.operations if operation == "remove"} == left


@pytest.mark.parametrize("is_key", [True, False])
@pytest.mark.parametrize("name", ["mail", "contact_mail", "reach"])
def test_an_address_is_looked_up_whatever_its_column_is_called(sync, name, is_key):
    memory = Memory()
    fields = {name: Field("mailbox"), "segments": Field("segments", "always")}
    sync = replace(sync, destination=memory, fields=fields, key=(name if is_key else "grade",))
    rows = [person("ann"), person("bob")]
    fill(sync.warehouse, [row | {"grade": row["profile_id"]} for row in rows])
    with duckdb.connect(str(sync.warehouse)) as connection:
        connection.execute(f"alter table activation.crm_contacts rename email to {name}")
        connection.execute(
            "update activation.crm_contacts set profile_id = null where profile_id = 'ann'"
        )
    known_as(sync, ann="ann@example.com", bob="bob@example.com")
    suppress_profile(sync, "ann")
    result = push(sync)
    assert (result.delivered, result.diff.suppressed) == (1, 1)
    assert [record["mailbox"] for record in memory.records.values()] == ["bob@example.com"]


def test_a_row_that_names_nobody_is_left_out_and_counted(sync):
    fields = {"segments": Field("segments", "always")}
    sync = replace(sync, destination=Memory(), fields=fields, key=("grade",))
    rows = [person("ann"), person("bob"), person("cy", profile_id=None, email=None)]
    fill(sync.warehouse, [row | {"grade": row["first_name"]} for row in rows])
    result = push(sync)
    assert (result.delivered, result.diff.unnamed, result.diff.suppressed) == (2, 1, 0)
    assert push(replace(sync, contains_people=False)).delivered == 1


# ---------------------------------------------------------------------- everything once more


@pytest.mark.parametrize("limit", [1, None])
def test_a_full_push_that_breaks_off_never_blocks_the_next(quiet, monkeypatch, limit):
    rows = people(60, segments="a")  # nobody has a grade: none can be lost
    fill(quiet.warehouse, rows)
    push(quiet)
    before, send = len(quiet.destination.operations), Memory.send

    def break_off(self, call, operation, records):
        if any(record.key == rows[30]["email"] for record in records):
            raise Stop("the quota is used up")
        return send(self, call, operation, records)

    monkeypatch.setattr(Memory, "send", break_off)
    push(quiet, full=True, only=limit)
    monkeypatch.setattr(Memory, "send", send)
    result = push(quiet)  # no guard
    assert result.exit_code == 0 and result.diff.repeated == result.diff.total > 0
    sent = quiet.destination.operations[before:]
    assert {key for _, key in sent} == {row["email"] for row in rows}
    assert delivery.plan(quiet).nothing
    push(quiet, full=True, only=1)  # and what is lost meanwhile is seen
    fill(quiet.warehouse, people(60))
    with pytest.raises(delivery.GuardError, match="has lost values"):
        push(quiet)


def test_a_small_change_is_compared_with_what_was_confirmed(sync):
    """After an update without an answer nobody knows what is there: the new number goes out."""
    memory = Memory()
    fields = {"engagement_score": Field("score", "always", 5)}
    sync = replace(sync, destination=memory, fields=fields, max_tries=1)
    fill(sync.warehouse, [person("ann", engagement_score=50)])
    push(sync)
    fill(sync.warehouse, [person("ann", engagement_score=80)])
    memory.send = lambda *_: (_ for _ in ()).throw(NoAnswer("lost"))
    assert push(sync).open == 1
    del memory.send
    for score, there in [(53, 53), (57, 53), (58, 58)]:
        fill(sync.warehouse, [person("ann", engagement_score=score)])
        push(sync)
        assert memory.records["ann@example.com"]["score"] == there


def test_a_no_counts_for_every_address_of_the_profile(sync):
    sync = replace(sync, destination=Memory())
    fill(sync.warehouse, [person("ann"), person("uno"), person("bob")])
    known_as(sync, ann="ann@example.com", bob="bob@example.com")
    with duckdb.connect(str(sync.warehouse)) as connection:
        connection.execute(
            "insert into marts.profile_identifiers values ('email', 'uno@example.com', 'ann', null)"
        )
        connection.execute("alter table activation.crm_contacts drop column profile_id")
    add_column(sync, "is_consented", "boolean", "email <> 'ann@example.com'")
    assert push(sync).diff.suppressed == 2
    assert list(sync.destination.records) == ["bob@example.com"]


# ---------------------------------------------------------------------- asking


def test_whoever_only_asks_waits_as_long_as_the_plug_in_reads_in_the_answer():
    """In the body of a 403, say, where no header tells."""

    class Busy(Memory):
        def checked(self, response):
            raise Transient("too much load", 7.0)

    slept, answers = [], [httpx.Response(403), httpx.Response(503), httpx.Response(200)]
    transport = SimpleNamespace(
        call=lambda *_, **__: answers.pop(0), count_retry=lambda: None, sleep=slept.append
    )
    sync = SimpleNamespace(
        max_tries=4, backoff_seconds=0.001, longest_wait_seconds=120, destination=Busy()
    )
    assert patient(sync, transport)("GET", "/").status_code == 200
    assert slept == [7.0, 7.0]


def test_doctor_posts_nothing_that_it_did_not_name_before(sync):
    class Receiver(Memory):
        probe = "a ping"
        posted = 0

        def whose(self, call):
            return "me"

        def doctor(self, call, fields, *, create=False):
            self.posted += self.may_probe
            yield Finding("receiver", True)

    for probe, posted in [(False, 0), (True, 1)]:
        receiver = Receiver()
        fill(sync.warehouse, people(1))
        found = engine.doctor(replace(sync, destination=receiver), probe=probe)
        named = [(finding.detail, receiver.posted) for finding in found]
        assert (("posts a ping", 0) in named, receiver.posted) == (probe, posted)


def test_commands_that_read_the_warehouse_are_told_alike_which():
    for name in ("plan", "push", "pull", "verify", "resend", "doctor", "forget"):
        options = command_options(name)
        assert {"config", "warehouse", "target", "export", "ledger", "as_json"} <= options, name
    shares = {name for name in command_options("push") if name.startswith("max_")}
    assert shares and shares <= command_options("plan")


def command_options(name):
    return set(
        inspect.signature(getattr(import_module(f"scripts.commands.{name}"), name)).parameters
    )
