"""What a push never does, and what a person can ask of the ledger."""

import hashlib
import json
import ssl
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import httpx
import pytest
import yaml

from dev import demo_crm
from scripts import audiences, delivery
from scripts.delivery.config import Field, plug_in
from scripts.delivery.destination import Destination, Finding, NoAnswer, Outcome, Refused
from scripts.delivery.diff import masked
from scripts.delivery.engine import is_first
from scripts.delivery.ledger import Ledger
from scripts.delivery.raw_files import mark_of, set_aside
from scripts.warehouse import fingerprint, tables_of

from .test_engine import (
    FEBRUARY,
    TOKEN,
    fill,
    held,
    make_sync,
    people,
    person,
    push,
    sent,
    wanted,
)

NAMES = {"first_name": Field("firstname", "set_if_empty"), "last_name": Field("lastname")}


@pytest.fixture
def crm():
    with demo_crm.start(token=TOKEN, requests_per_10s=100_000) as running:
        yield running


@pytest.fixture
def sync(crm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return make_sync(crm, tmp_path)


def suppress(sync, *profile_ids):
    with duckdb.connect(str(sync.warehouse)) as connection:
        connection.executemany(
            "insert into marts.profile_suppressions values (?)",
            [[profile_id] for profile_id in profile_ids],
        )


# ---------------------------------------------------------------------- policies


def test_a_null_is_not_sent_unless_a_field_says_so(crm, sync):
    sync = replace(sync, fields={"segments": Field("audience_segments"),
                                 "grade": Field("audience_grade", "always")})  # fmt: skip
    fill(sync.warehouse, [person("ann", segments="a", grade="A1")])
    push(sync)
    fill(sync.warehouse, [person("ann", segments="", grade=None)])
    result = push(sync)
    assert result.diff.fields["audience_segments"]["update"] == 0
    assert held(crm) == {"ann@example.com": {"audience_segments": "a"}}
    assert delivery.plan(sync).nothing
    fill(sync.warehouse, [person("ann", segments="b", grade=None)])
    push(sync)
    assert held(crm) == {"ann@example.com": {"audience_segments": "b"}}


def test_a_plan_masks_a_name_whatever_the_destination_calls_it(crm, sync):
    sync = replace(sync, fields={"last_name": Field("mmerge7"), "grade": Field("tier", "always")})
    fill(sync.warehouse, [person("ann", last_name="Lovelace", grade="A1")])
    [shown] = delivery.plan(sync).samples
    assert shown.values["tier"] == "A1"
    assert "Lovelace" not in str(shown)


def test_set_if_empty_never_overwrites_what_people_typed(crm, sync):
    sync = replace(sync, fields=NAMES)
    crm.store.upsert("ann@example.com", {"firstname": "Annie"})
    crm.store.upsert("bob@example.com", {"lastname": "Builder"})
    rows = [person("ann", last_name="Lee"), person("bob"), person("cy")]
    fill(sync.warehouse, rows)
    push(sync)
    assert crm.contacts() == {
        "ann@example.com": {"firstname": "Annie", "lastname": "Lee"},
        "bob@example.com": {"firstname": "Bob", "lastname": "Builder"},
        "cy@example.com": {"firstname": "Cy"},
    }
    # Once delivered, our own change of mind is not sent either.
    rows[2] |= {"first_name": "Cyril"}
    fill(sync.warehouse, rows)
    assert push(sync).requests == 0


def test_a_remove_empties_only_what_the_warehouse_decides(crm, sync):
    sync = replace(sync, fields=NAMES | {"segments": Field("audience_segments", "always")})
    fill(sync.warehouse, people(9, segments="a", last_name="Lee"))
    push(sync)
    fill(sync.warehouse, people(8, segments="a", last_name="Lee"))
    push(sync)
    assert crm.contacts()["person0008@example.com"] == {
        "firstname": "Person0008",
        "lastname": "Lee",
    }


def test_a_field_that_leaves_the_mapping_is_left_alone(crm, sync):
    fill(sync.warehouse, [person("ann", segments="a", grade="A1")])
    push(sync)
    fewer = {name: field for name, field in sync.fields.items() if name != "grade"}
    assert push(replace(sync, fields=fewer)).diff.counts["update"] == 0
    assert crm.contacts()["ann@example.com"]["audience_grade"] == "A1"


# ---------------------------------------------------------------------- who must not be reached


def test_the_suppressed_are_removed_at_once_whatever_their_number(crm, sync):
    fill(sync.warehouse, people(10, segments="a"))
    push(sync)
    suppress(sync, *(f"person{number:04}" for number in range(9)))
    result = push(sync)  # no guard: nine of ten did leave
    assert result.diff.suppressed == 9 and result.diff.counts["remove"] == 9
    assert list(held(crm)) == ["person0009@example.com"]
    assert push(sync).requests == 0


def test_removes_go_out_before_anything_else(crm, sync):
    fill(sync.warehouse, people(10, segments="a"))
    push(sync)
    suppress(sync, "person0003")
    rows = people(12, segments="b")
    fill(sync.warehouse, rows)
    push(sync)
    removed = sent(crm)[-3][1]
    assert [key["properties"]["audience_segments"] for key in removed] == [""]


def test_without_consent_nobody_is_sent(crm, sync):
    fill(sync.warehouse, people(3, segments="a"))
    with duckdb.connect(str(sync.warehouse)) as connection:
        connection.execute("alter table activation.crm_contacts add column is_consented boolean")
        connection.execute(
            "update activation.crm_contacts set is_consented = profile_id = 'person0001'"
        )
        connection.execute(
            "update activation.crm_contacts set is_consented = null where profile_id = 'person0002'"
        )
    assert push(sync).diff.suppressed == 2
    assert list(held(crm)) == ["person0001@example.com"]


def test_not_knowing_who_is_suppressed_stops_the_push(crm, sync):
    fill(sync.warehouse, people(3))
    with duckdb.connect(str(sync.warehouse)) as connection:
        connection.execute("drop table marts.profile_suppressions")
    with pytest.raises(delivery.ConfigError, match="nobody knows who must not be contacted"):
        push(sync)
    assert crm.counts["requests"] == 0
    assert push(replace(sync, suppressions=None)).delivered == 3


SPELLINGS = [
    "Ann.Lee@Gmail.com", " annlee+news@googlemail.com", "ANNLEE@gmail.com\u00a0",
    "Ann <ann.lee@gmail.com>", "mailto:annlee@gmail.com.", "ann\u200b.lee@gmail.com",
]  # fmt: skip


def identify(sync, *rows):
    """Write the warehouse's identity table: (kind, value, profile)."""
    with duckdb.connect(str(sync.warehouse)) as connection:
        connection.execute(
            "create or replace table marts.profile_identifiers"
            " (identifier_type varchar, identifier_value varchar, profile_id varchar,"
            " suppression_reason varchar)"
        )
        connection.executemany(
            "insert into marts.profile_identifiers values (?, ?, ?, null)", [list(r) for r in rows]
        )


def without_profiles(sync, *columns):
    """Rename or drop columns of the source: pairs of old name and new name, None drops it."""
    with duckdb.connect(str(sync.warehouse)) as connection:
        for old, new in columns:
            change = f"rename {old} to {new}" if new else f"drop column {old}"
            connection.execute(f"alter table activation.crm_contacts {change}")


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_suppressed_in_every_spelling(crm, sync, spelling):
    fill(sync.warehouse, [person("x", email=spelling), person("bob")])
    identify(sync, ("email", "annlee@gmail.com", "ann"), ("email", "bob@example.com", "bob"))
    suppress(sync, "ann")
    without_profiles(sync, ("profile_id", None))
    result = push(sync)
    assert (result.delivered, result.diff.suppressed) == (1, 1)
    assert list(held(crm)) == ["bob@example.com"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_forgotten_in_every_spelling(crm, sync, spelling):
    fill(sync.warehouse, [person("bob")])
    push(sync)
    delivery.forget(sync, "ann.lee@gmail.com")
    fill(sync.warehouse, [person("x", email=spelling), person("bob")])
    assert push(sync).requests == 0


@pytest.mark.parametrize("column", ["user_id", "CRM_Contact_Id", "Phone", "External_ID"])
def test_suppressed_by_any_id_whatever_the_case_of_the_column(crm, sync, column):
    sync = replace(sync, fields={"segments": Field("audience_segments")})
    kind = {"external_id": "user_id"}.get(column.lower(), column.lower())
    fill(sync.warehouse, [person("ann", crm_contact_id="+49 30 1"), person("bob")])
    identify(sync, (kind, "+49301" if kind == "phone" else "+49 30 1", "ann"))
    suppress(sync, "ann")
    without_profiles(sync, ("profile_id", None), ("crm_contact_id", f'"{column}"'))
    assert push(sync).diff.suppressed == 1
    assert list(crm.contacts()) == ["bob@example.com"]


def test_consent_is_asked_whatever_the_case_and_for_every_row_of_the_person(crm, sync):
    fill(sync.warehouse, [person("ann"), person("ann2", email="ANN@example.com"), person("bob")])
    with duckdb.connect(str(sync.warehouse)) as connection:
        connection.execute('alter table activation.crm_contacts add column "Is_Consented" boolean')
        connection.execute(
            """update activation.crm_contacts set "Is_Consented" = profile_id <> 'ann'"""
        )
    assert push(sync).diff.suppressed == 2
    assert list(crm.contacts()) == ["bob@example.com"]


def test_a_source_that_cannot_be_resolved_is_refused(crm, sync):
    fill(sync.warehouse, people(2))
    without_profiles(sync, ("profile_id", None))
    with pytest.raises(delivery.ConfigError, match=r"says whose its .*contains_people"):
        push(sync)
    without_profiles(sync, ("email", "company"), ("crm_contact_id", None))
    sync = replace(sync, key=("company",))
    with pytest.raises(delivery.ConfigError, match="names nobody"):
        push(sync)
    assert crm.counts["requests"] == 0
    assert push(replace(sync, contains_people=False)).delivered == 2


# ---------------------------------------------------------------------- which account


def test_another_account_stops_before_the_first_write(crm, sync):
    fill(sync.warehouse, people(3, segments="a"))
    push(sync)
    assert delivery.status(sync).account == "portal 1"
    crm.portal = 2  # the token of another portal
    crm.store.delete("person0000@example.com")
    fill(sync.warehouse, people(4, segments="b"))
    before = len(crm.bodies)
    for refused in (
        lambda: push(sync),
        lambda: push(sync, account="portal 3"),
        lambda: delivery.forget(sync, "person0001@example.com"),
        lambda: delivery.pull(sync, raw_path=sync.warehouse.parent / "raw"),
    ):
        with pytest.raises(delivery.GuardError, match=r"portal 2.*portal [13]") as stop:
            refused()
        assert stop.value.exit_code == 4
    assert "portal 2" in delivery.plan(sync).guard
    assert [f.is_fine for f in delivery.doctor(sync) if f.name == "account"] == [False]
    assert len(crm.bodies) == before


def test_another_account_that_is_meant_gets_everything_and_the_first_keeps_its_ledger(crm, sync):
    fill(sync.warehouse, people(3, segments="a"))
    push(sync)
    crm.portal = 2
    assert delivery.plan(sync, account="portal 2").diff.counts["add"] == 3
    assert delivery.plan(sync).nothing  # to plan turns nothing over
    assert push(sync, account="portal 2").delivered == 3
    assert push(sync).requests == 0  # and is asked once
    crm.portal = 1
    assert push(sync, account="portal 1").requests == 0  # what went there is still known
    assert delivery.status(sync).account == "portal 1"


def test_a_pull_from_another_account_begins_at_its_beginning(crm, sync, tmp_path, monkeypatch):
    asked = []

    def pages(self, call, since):
        asked.append((since, dict(self.progress)))
        self.progress = {"contacts": 1}
        yield "contacts", [{"id": "1", "property_email": "ann@example.com"}], stamp
        if breaks:
            raise Refused("HTTP 400")

    monkeypatch.setattr(type(sync.destination), "pull", pages)
    stamp, breaks = datetime(2026, 3, 1), False
    fill(sync.warehouse, people(1, segments="a"))
    push(sync)
    with Ledger(sync.ledger, sync.ledger_name) as ledger:  # of before accounts were named here
        ledger.run(
            "insert into {t}.watermark values (?, 'contacts', ?, ?)", [sync.place, stamp, stamp]
        )
    rows = [delivery.pull(sync, raw_path=tmp_path).rows["contacts"] for _ in range(2)]
    assert rows == [1, 0]
    breaks = True
    with pytest.raises(delivery.SyncError):
        delivery.pull(sync, raw_path=tmp_path)  # leaves a page behind
    breaks, crm.portal = False, 2
    push(sync, account="portal 2")
    assert delivery.pull(sync, raw_path=tmp_path).rows == {"contacts": 1}
    crm.portal = 1
    push(sync, account="portal 1")
    assert delivery.pull(sync, raw_path=tmp_path).rows == {"contacts": 0}
    assert asked == [(stamp, {})] * 3 + [(None, {}), (stamp, {})]


def test_what_was_read_from_another_account_is_set_aside(tmp_path):
    """Older files too; what a loader brought, and another place, stay; all comes back."""
    raw, table = tmp_path / "raw" / "h", tmp_path / "raw" / "h" / "contacts"
    table.mkdir(parents=True)
    old, new, place = "h:x@old", "h:x@new", "h:y@1"
    older = "pulled-20260630T000000000000.parquet"
    names = {
        name: f"pulled-20260701T000000000000-{mark_of(name)}.parquet" for name in (old, new, place)
    }

    def there():
        return {path.name for path in table.iterdir()}

    with Ledger(None, "any") as ledger:
        for name in (older, names[old], "loaded.parquet"):
            (table / name).touch()
        set_aside(ledger, raw, old)  # the first account that is read
        assert there() == {older, names[old], "loaded.parquet"}
        read = "insert into {t}.watermark values (?, 'contacts', null, now())"
        ledger.run(read, [old])
        set_aside(ledger, raw, new)
        assert there() == {"loaded.parquet"}
        for source in (new, place):
            ledger.run(read, [source])
            (table / names[source]).touch()
        set_aside(ledger, raw, place)
        assert there() == {"loaded.parquet", names[new], names[place]}
        set_aside(ledger, raw, old)
        assert there() == {"loaded.parquet", older, names[old], names[place]}
        assert len(list((tmp_path / "raw").rglob(names[new]))) == 1


def test_who_does_not_say_whose_the_token_is_gets_nothing(crm, sync, monkeypatch):
    def silent(self, call):
        raise Refused("HTTP 400")

    monkeypatch.setattr(type(sync.destination), "whose", silent)
    fill(sync.warehouse, people(3))
    result = push(sync)
    assert (result.open, result.exit_code, crm.counts["requests"]) == (3, 3, 0)
    assert "whose token" in result.stopped


# ---------------------------------------------------------------------- which build


def validated(sync):
    """What a validation of the outputs that found nothing writes down."""
    with duckdb.connect(str(sync.warehouse), read_only=True) as connection:
        tables = [*tables_of(connection, "activation"), "marts.profile_suppressions"]
        builds = {table: fingerprint(connection, table) for table in tables}
    found = {"success": True, "as_of": "2026-03-01T00:00:00Z", "builds": builds}
    sync.warehouse.with_name("validation.json").write_text(json.dumps(found))


def test_an_older_warehouse_is_never_pushed_by_accident(crm, sync):
    fill(sync.warehouse, people(3, segments="b"))
    push(sync)
    before = crm.counts["requests"]
    replayed = people(3, segments="a", as_of=FEBRUARY)
    fill(sync.warehouse, replayed)
    with pytest.raises(delivery.GuardError, match=r"2026-02-01.*2026-03-01.*--allow-older") as stop:
        push(sync)
    assert stop.value.exit_code == 4 and crm.counts["requests"] == before
    assert "--allow-older" in delivery.plan(sync).guard
    assert push(sync, allow_older=True).delivered == 3


def test_an_empty_source_does_not_make_an_older_one_the_newest(crm, sync):
    fill(sync.warehouse, people(3, segments="b"))
    push(sync)
    fill(sync.warehouse, [])
    assert push(replace(sync, max_remove_share=1.0)).delivered == 3
    fill(sync.warehouse, people(3, segments="a", as_of=FEBRUARY))
    with pytest.raises(delivery.GuardError, match="--allow-older"):
        push(sync)


def without_as_of(sync):
    with duckdb.connect(str(sync.warehouse)) as connection:
        connection.execute("alter table activation.crm_contacts drop as_of")


def test_a_source_that_does_not_say_how_old_it_is_stops(crm, sync):
    fill(sync.warehouse, people(3))
    without_as_of(sync)
    with pytest.raises(delivery.GuardError, match="as of when"):
        push(replace(sync, max_age_hours=24))
    fill(sync.warehouse, people(3))
    push(sync)
    fill(sync.warehouse, people(3, segments="z"))
    without_as_of(sync)
    with pytest.raises(delivery.GuardError, match="as of when"):
        push(sync)
    assert push(sync, allow_older=True).delivered == 3
    assert push(sync).exit_code == 0


def test_a_validation_that_does_not_name_a_source_says_nothing_of_it(crm, sync):
    sync = replace(sync, require_validation=True)
    fill(sync.warehouse, people(3))
    without_as_of(sync)
    found = {"success": True, "as_of": "2020-01-01T00:00:00Z", "builds": {}}
    sync.warehouse.with_name("validation.json").write_text(json.dumps(found))
    with pytest.raises(delivery.GuardError, match="says nothing"):
        push(sync)


def test_who_is_suppressed_is_part_of_what_was_validated(crm, sync):
    sync = replace(sync, require_validation=True)
    fill(sync.warehouse, people(3))
    suppress(sync, "person0001")
    validated(sync)
    with duckdb.connect(str(sync.warehouse)) as connection:
        connection.execute("delete from marts.profile_suppressions")
    with pytest.raises(delivery.GuardError, match="profile_suppressions has changed"):
        push(sync)
    assert crm.counts["requests"] == 0


def test_a_source_of_long_ago_stops(crm, sync):
    fill(sync.warehouse, people(3))
    with pytest.raises(delivery.GuardError, match="max_age_hours"):
        push(replace(sync, max_age_hours=24))
    assert crm.counts["requests"] == 0


def test_only_what_was_validated_is_pushed(crm, sync):
    sync = replace(sync, require_validation=True)
    fill(sync.warehouse, people(3, segments="a"))
    with pytest.raises(delivery.GuardError, match="nobody has checked"):
        push(sync)
    validated(sync)
    assert push(sync).delivered == 3
    fill(sync.warehouse, people(3, segments="b"))  # built again, and not validated
    with pytest.raises(delivery.GuardError, match="changed since it was checked"):
        push(sync)
    assert "changed since" in delivery.plan(sync).guard
    validated(sync)
    assert push(sync).delivered == 3


# ---------------------------------------------------------------------- drift


def test_verify_tells_what_others_changed_and_resend_repairs_it(crm, sync):
    rows = people(30, segments="b;a", last_engaged_at=FEBRUARY)
    fill(sync.warehouse, rows)
    push(sync)
    assert delivery.verify(sync).is_none
    contact = crm.store.find("person0003@example.com", by_email=True)
    crm.store.update(contact, {"audience_segments": "theirs"})
    crm.store.delete("person0004@example.com")
    rows[5] |= {"engagement_score": 50}  # the next push sends this: no drift
    fill(sync.warehouse, rows)
    found = delivery.verify(sync)
    assert (found.looked_at, found.changed, found.gone) == (30, 1, 1)
    assert found.fields == {"audience_segments": 1}
    [drift] = [f for f in delivery.doctor(sync) if f.name == "drift"]
    assert drift.is_fine or "differ" in drift.detail or "gone" in drift.detail
    assert push(sync).delivered == 1
    assert delivery.resend(sync, ["PERSON0003@example.com", "person0004@example.com"]) == 2
    assert push(sync).delivered == 2
    assert held(crm) == wanted(rows)
    assert delivery.verify(sync, sample=10).looked_at == 10
    for nobody in ("nobody@example.com", "nobody"):
        with pytest.raises(delivery.ConfigError, match="no such record"):
            delivery.resend(sync, [nobody])


def test_a_record_is_sent_again_by_profile_id(crm, sync):
    fill(sync.warehouse, [person("p1", email="ann@example.com"), person("p10")])
    push(sync)
    assert delivery.resend(sync, ["p1"]) == 1
    assert push(sync).delivered == 1
    sync.warehouse.unlink()
    assert delivery.resend(sync, ["ann@example.com"]) == 1


def test_a_full_push_repairs_everything_and_needs_no_new_ledger(crm, sync):
    rows = people(60, segments="a", grade="A1")
    fill(sync.warehouse, rows)
    push(sync)
    for row in rows:
        held_row = crm.store.find(row["email"], by_email=True)
        crm.store.update(held_row, {"audience_grade": "Z9", "audience_reason": "theirs"})
    assert push(sync).requests == 0
    assert push(sync, full=True).delivered == 60
    assert held(crm) == wanted(rows)
    assert push(sync).requests == 0


# ---------------------------------------------------------------------- guards


def test_the_first_run_is_asked_for(crm, sync):
    fill(sync.warehouse, people(3))
    with pytest.raises(delivery.GuardError, match=r"never pushed to.*--first-run"):
        delivery.push(sync)
    assert crm.counts["requests"] == 0 and delivery.plan(sync).is_first
    assert push(sync).delivered == 3
    fill(sync.warehouse, people(4))
    assert delivery.push(sync).delivered == 1  # asked once


def test_a_canary_sends_a_few_and_the_next_push_the_rest(crm, sync):
    fill(sync.warehouse, people(250))
    result = push(sync, only=10)
    assert (result.delivered, result.open, result.exit_code) == (10, 0, 0)
    assert len(crm.contacts()) == 10
    assert delivery.push(sync).delivered == 240
    assert max(crm.writes().values()) == 1


# ---------------------------------------------------------------------- not idempotent


class Announcer(Destination):
    """Says things aloud: what was said cannot be said again unheard."""

    name = "announcer"
    address = "http://127.0.0.1:9"
    is_idempotent = False
    batch_size = 2

    def __init__(self, *faults):
        super().__init__({}, {})
        self.faults, self.heard = list(faults), []

    def send(self, call, operation, records):
        fault = self.faults.pop(0) if self.faults else None
        if operation == "add" and fault != "before":
            self.heard += [record.key for record in records]
        if fault:
            raise NoAnswer("no answer (ReadError)")
        return [Outcome(record.key, "delivered") for record in records]


def test_what_may_have_arrived_is_held_for_a_person(sync):
    fill(sync.warehouse, people(4))
    announcer = Announcer(None, "after")
    sync = replace(sync, destination=announcer, workers=1)
    result = push(sync)
    assert (result.delivered, result.open, result.exit_code) == (2, 2, 3)
    again = push(sync)
    assert (again.run_id, again.diff.held) == (None, 2)  # nobody hears it twice
    assert len(announcer.heard) == 4
    assert [state["state"] for state in delivery.status(sync).waiting] == ["held", "held"]
    first = delivery.dead(sync, "list", [])[0]
    delivery.dead(sync, "drop", [first["id"]])
    assert len(delivery.dead(sync, "retry", [])) == 1
    assert push(sync).delivered == 1
    assert len(announcer.heard) == 5
    with pytest.raises(delivery.ConfigError, match="no dead or held record"):
        delivery.dead(sync, "drop", ["00000000"])


def test_a_crash_holds_what_was_on_the_wire(sync):
    fill(sync.warehouse, people(4))
    announcer = Announcer()
    sync = replace(sync, destination=announcer, workers=1)

    def crash(call, operation, records):
        raise KeyboardInterrupt

    announcer.send = crash
    with pytest.raises(KeyboardInterrupt):
        push(sync)
    del announcer.send
    assert push(sync).diff.held == 2
    assert len(announcer.heard) == 2


# ---------------------------------------------------------------------- forget, prune


def test_forget_erases_everywhere_and_for_good(crm, sync):
    rows = people(3, segments="a")
    fill(sync.warehouse, rows)
    push(sync)
    found = delivery.forget(sync, " Person0001@Example.com ")
    assert (found.records, found.outcome) == (1, "erased")
    assert "person0001@example.com" not in crm.contacts()
    assert push(sync).requests == 0  # still in the warehouse, and never sent again
    assert delivery.status(sync).suppressed == 2  # the address, and the profile's id
    with Ledger(sync.ledger, sync.ledger_name) as ledger:
        for table in ("delivered", "outbox", "attempt", "ack"):
            assert "person0001" not in str(ledger.run(f"select * from {{t}}.{table}").fetchall())
        kept = ledger.run("select person from {t}.suppression").fetchall()
        mine = ledger.value("select person_of('person0001@example.com')")
    assert (mine,) in kept
    plain = hashlib.sha256(b"person0001@example.com").hexdigest()
    assert (plain,) not in kept  # nobody can try addresses out
    assert delivery.forget(sync, "nobody@example.com").outcome == "nothing"


@pytest.mark.parametrize("given", ["ann", "remote", "other@example.com", "ann@example.com"])
def test_forget_by_any_name(crm, sync, given):
    fill(sync.warehouse, [person("ann", segments="a"), person("bob")])
    identify(
        sync,
        ("email", "ann@example.com", "ann"), ("email", "other@example.com", "ann"),
        ("crm_contact_id", "u1", "ann"), ("email", "bob@example.com", "bob"),
    )  # fmt: skip
    push(sync)
    if given == "remote":
        given = str(crm.store.find("ann@example.com", by_email=True)["contact_id"])
    assert delivery.forget(sync, given).outcome == "erased"
    assert list(crm.contacts()) == ["bob@example.com"]
    for again in (
        person("x", email="OTHER@example.com"), person("ann", email="new@example.com"),
        person("y", email="y@example.com", crm_contact_id="u1"),
    ):  # fmt: skip
        fill(sync.warehouse, [again, person("bob")])
        assert push(sync).requests == 0


def test_forget_what_was_sent_without_an_answer(crm, sync):
    sync = replace(sync, max_tries=1)
    fill(sync.warehouse, [person("ann")])
    crm.fail_next(drop="after")
    assert push(sync).open == 1
    assert "ann@example.com" in crm.contacts()
    assert delivery.forget(sync, "ann@example.com").outcome == "erased"
    assert crm.contacts() == {}
    found = delivery.status(sync)
    assert (found.open, found.delivered) == (0, 0)


def test_forget_reaches_nobody_whose_other_id_has_the_same_text(crm, sync):
    rows = [
        person("ann", segments="a"), person("bob", crm_contact_id="12"), person("cy", grade="12"),
        person("12", email="dee@example.com"),
    ]  # fmt: skip
    fill(sync.warehouse, rows)
    identify(
        sync,
        ("email", "ann@example.com", "ann"), ("user_id", "12", "ann"),
        ("crm_contact_id", "12", "bob"),
    )  # fmt: skip
    push(sync)
    with pytest.raises(delivery.ConfigError, match=r"several people.*user_id:12"):
        delivery.forget(sync, "12")
    assert delivery.forget(sync, "ann@example.com").records == 1
    assert push(sync).requests == 0
    assert sorted(crm.contacts()) == ["bob@example.com", "cy@example.com", "dee@example.com"]
    assert delivery.forget(sync, "crm_contact_id:12").records == 1
    assert sorted(crm.contacts()) == ["cy@example.com", "dee@example.com"]


def test_forget_does_not_take_an_id_for_the_remote_id_of_another(crm, sync):
    fill(sync.warehouse, [person("bob", segments="a"), person("ann", segments="a")])
    push(sync)
    remote = str(crm.store.find("bob@example.com", by_email=True)["contact_id"])
    identify(sync, ("user_id", remote, "ann"), ("email", "ann@example.com", "ann"))
    assert delivery.forget(sync, "ann@example.com").records == 1
    assert push(sync).requests == 0
    assert list(crm.contacts()) == ["bob@example.com"]


def test_a_key_of_companies_is_nobodys_name(crm, sync):
    fill(sync.warehouse, people(2, segments="a"))
    companies = replace(sync, name="companies", contains_people=False)
    push(companies)
    remote = str(crm.store.find("person0001@example.com", by_email=True)["contact_id"])
    found = delivery.forget(companies, remote)
    assert (found.records, found.is_known) == (0, False)
    assert len(crm.contacts()) == 2


def test_forget_who_left_before(crm, sync):
    fill(sync.warehouse, people(6, segments="a"))
    push(sync)
    fill(sync.warehouse, people(5, segments="a"))
    assert push(sync).diff.counts["remove"] == 1
    assert "person0005@example.com" in crm.contacts()  # emptied, and ours
    found = delivery.forget(sync, "person0005@example.com")
    assert (found.records, found.outcome) == (1, "erased")
    assert "person0005@example.com" not in crm.contacts()
    assert not delivery.forget(sync, "person0005@example.com").is_known


def test_forget_again_after_a_push_has_removed_the_person(crm, sync):
    fill(sync.warehouse, people(2, segments="a"))
    push(sync)
    crm.fail_next(1, status=503)
    assert delivery.forget(sync, "person0001@example.com").outcome == "kept"
    push(sync)
    assert delivery.forget(sync, "person0001@example.com").outcome == "erased"
    assert list(crm.contacts()) == ["person0000@example.com"]


def test_forget_who_was_sent_without_an_answer_and_left_the_queue(crm, sync):
    sync = replace(sync, max_tries=1)
    fill(sync.warehouse, [person("zoe")])
    crm.fail_next(drop="after")
    assert push(sync).open == 1
    fill(sync.warehouse, [person("ann"), person("zoe")])
    push(sync, only=1)
    assert delivery.forget(sync, "zoe@example.com").outcome == "erased"
    assert list(crm.contacts()) == ["ann@example.com"]


@pytest.mark.parametrize(
    "column, known, later",
    [
        ("grade", "+4930123456", "+49 30 123456"),
        ("grade", "+4930123456", "0049 (0)30 123456"),
        ("email", "ann@münchen.de", "ann@xn--mnchen-3ya.de"),
        *(
            ("email", "ann@example.com", spelling)
            for spelling in ("'ann@example.com'", '"ann"@example.com', "ann@example.com (Ann)")
        ),
        ("email", "ann@example.com", '"ann@example.com;'),
        ("last_name", "ann@example.com", "x@example.com; ann@example.com"),
    ],
)
def test_forgotten_however_it_is_written_later(crm, sync, column, known, later):
    fill(sync.warehouse, [person("bob")])
    if column == "grade":
        identify(sync, ("phone", known, "ann"), ("user_id", "u", "ann"))
        delivery.forget(sync, "user_id:u")
        sync = replace(sync, fields={column: Field("phone")})
    else:
        delivery.forget(sync, known)
        sync = replace(sync, fields={**sync.fields, "last_name": Field("lastname")})
    given = {column: later}
    fill(sync.warehouse, [person("x", **given), person("bob")])
    assert push(sync).diff.suppressed == 1
    assert list(crm.contacts()) == ["bob@example.com"]


def test_a_later_sync_with_a_ledger_of_its_own_knows_who_was_forgotten(crm, sync):
    fill(sync.warehouse, [person("ann"), person("bob")])
    delivery.forget(sync, "ann@example.com")
    config = yaml.safe_load(Path("made.yml").read_text())
    config["syncs"]["later"] = config["syncs"]["contacts"] | {"ledger": "other/own.duckdb"}
    Path("made.yml").write_text(yaml.safe_dump(config))
    environ = {"HUBSPOT_BASE_URL": crm.url, "HUBSPOT_TOKEN": TOKEN}
    [later] = delivery.load_syncs(Path("made.yml"), names=["later"], environ=environ)
    Path("other").mkdir(exist_ok=True)
    assert push(later).diff.suppressed == 1
    assert list(crm.contacts()) == ["bob@example.com"]


def test_forgotten_inside_a_list(crm, sync):
    fill(sync.warehouse, [person("bob"), person("x", segments="ann@example.com")])
    with duckdb.connect(str(sync.warehouse)) as connection:
        connection.execute(
            "alter table activation.crm_contacts alter segments type varchar[]"
            " using string_split(segments, ';')"
        )
    delivery.forget(sync, "ann@example.com")
    assert push(sync).diff.suppressed == 1


def test_forget_what_the_sync_sent_under_a_former_name(crm, sync):
    fill(sync.warehouse, people(2))
    push(replace(sync, name="former"))
    assert delivery.forget(sync, "person0001@example.com").outcome == "erased"
    assert list(crm.contacts()) == ["person0000@example.com"]
    with Ledger(sync.ledger, "any") as ledger:
        assert ledger.value("select count(*) from {t}.delivered") == 1


def test_a_dead_letter_is_forgotten_too(crm, sync):
    fill(sync.warehouse, [person("bad", email="bad@@example.com")])
    assert push(sync).refused == 1
    delivery.forget(sync, "bad@@example.com")
    assert delivery.status(sync).dead_count == 0


def test_a_name_of_many_forgets_nobody(crm, sync):
    sync = replace(sync, key=("lifecycle_stage", "email"))
    fill(sync.warehouse, people(3))
    push(sync)
    assert not delivery.forget(sync, "prospect").is_known
    assert push(sync).requests == 0
    with pytest.raises(delivery.ConfigError, match="several people"):
        fill(sync.warehouse, [person("a", user_id="7"), person("b", crm_contact_id="7")])
        identify(sync, ("user_id", "7", "a"), ("crm_contact_id", "7", "b"))
        delivery.forget(sync, "7")
    assert len(crm.contacts()) == 3


def test_who_was_forgotten_stays_so_when_the_ledger_is_lost(crm, sync):
    fill(sync.warehouse, people(2))
    push(sync)
    delivery.forget(sync, "person0001@example.com")
    Path(sync.ledger).unlink()
    assert delivery.plan(sync).diff.counts["add"] == 1
    assert push(sync).delivered == 1
    kept = Path("forgotten.txt")
    text = kept.read_text()
    assert kept.stat().st_mode & 0o077 == 0 and "@" not in text
    kept.unlink()  # and the other way round: the ledger writes the list again
    delivery.status(sync)
    assert [line.split()[1] for line in kept.read_text().splitlines()] == [
        line.split()[1] for line in text.splitlines()
    ]


def test_another_secret_is_refused(crm, sync, monkeypatch):
    fill(sync.warehouse, people(2))
    push(sync)
    monkeypatch.setenv("AUDIENCE_SECRET", "another")
    with pytest.raises(delivery.ConfigError, match="another AUDIENCE_SECRET"):
        push(sync)


def test_plain_hashes_of_an_older_ledger_become_keyed(crm, sync):
    fill(sync.warehouse, people(2))
    push(sync)
    plain = hashlib.sha256(b"person0001@example.com").hexdigest()
    with Ledger(sync.ledger, sync.ledger_name) as ledger:
        ledger.run("insert into {t}.suppression values (?, 'forgotten', null)", [plain])
        ledger.run("delete from {t}.secret")
    assert push(sync).diff.counts["remove"] == 1  # still known
    with Ledger(sync.ledger, sync.ledger_name) as ledger:
        assert plain not in str(ledger.run("select * from {t}.suppression").fetchall())


def test_forget_takes_rows_out_of_exports_and_pulled_files(crm, sync):
    fill(sync.warehouse, people(3))
    push(sync)
    raw = Path("raw")
    delivery.pull(sync, raw_path=raw)
    found = delivery.forget(sync, "person0001@example.com", raw_path=raw)
    assert found.rows == 1
    [path] = raw.rglob("contacts/pulled-*.parquet")
    left = duckdb.sql(f"select property_email from '{path}' order by 1").fetchall()
    assert left == [("person0000@example.com",), ("person0002@example.com",)]
    assert path.stat().st_mode & 0o077 == 0


def test_forget_takes_back_where_nothing_can_be_erased(crm, sync, monkeypatch):
    monkeypatch.setattr(type(sync.destination), "erase", lambda *_: False)
    fill(sync.warehouse, people(2, segments="a"))
    push(sync)
    assert delivery.forget(sync, "person0001@example.com").outcome == "emptied"
    assert crm.contacts()["person0001@example.com"] == {}


def test_forget_keeps_what_is_needed_to_ask_again(crm, sync):
    fill(sync.warehouse, people(2, segments="a"))
    push(sync)
    crm.fail_next(1, status=503)
    found = delivery.forget(sync, "person0001@example.com")
    assert found.outcome == "kept" and "Run forget again" in found.problem
    assert delivery.forget(sync, "person0001@example.com").outcome == "erased"
    assert list(held(crm)) == ["person0000@example.com"]


def test_prune_deletes_the_past_and_nothing_that_is_needed(crm, sync):
    rows = [*people(5, segments="a"), person("bad", email="bad@@example.com")]
    fill(sync.warehouse, rows)
    push(sync)
    with Ledger(sync.ledger, sync.ledger_name) as ledger:
        ledger.run("update {t}.ack set acked_at = acked_at - interval 100 day")
        ledger.run("update {t}.sync_run set started_at = started_at - interval 100 day")
        assert not is_first(ledger)
    assert delivery.prune(sync, days=90) == {"ack": 6, "sync_run": 0, "outbox": 0}
    found = delivery.status(sync)
    assert (found.delivered, found.dead_count, len(found.runs)) == (5, 1, 1)
    assert delivery.push(sync).requests == 0


# ---------------------------------------------------------------------- pull


def pulled(sync, **options):
    """The addresses of the contacts that one pull wrote."""
    folder = sync.warehouse.parent / "raw"
    before = set(folder.rglob("*.parquet"))
    delivery.pull(sync, raw_path=folder, **options)
    new = [path for path in folder.rglob("contacts/*.parquet") if path not in before]
    rows = [
        row
        for path in new
        for row in duckdb.sql(f"select property_email from '{path}' order by 1").fetchall()
    ]
    return [address for (address,) in rows]


def test_our_own_writes_do_not_come_back(crm, sync):
    fill(sync.warehouse, people(3, segments="a"))
    push(sync)
    assert len(pulled(sync)) == 3  # nobody had read them before
    fill(sync.warehouse, people(3, segments="b"))
    push(sync)
    assert pulled(sync) == []
    row = crm.store.find("person0001@example.com", by_email=True)
    crm.store.update(row, {"hs_lead_status": "UNQUALIFIED"})
    assert pulled(sync) == ["person0001@example.com"]
    crm.store.update(row, {"hs_lead_status": ""})  # and back again is news too
    assert pulled(sync) == ["person0001@example.com"]
    assert pulled(sync) == []
    assert len(pulled(sync, full=True)) == 3


def test_a_pull_that_fails_writes_nothing_and_reads_again(crm, sync):
    fill(sync.warehouse, people(3, segments="a"))
    push(sync)
    crm.fail_next(50, status=500)
    with pytest.raises(delivery.SyncError, match="goes on from there"):
        pulled(sync)
    crm.faults.clear()
    crm.searches.clear()
    assert len(pulled(sync)) == 3


# ---------------------------------------------------------------------- several syncs, doctor


@pytest.fixture
def command(crm, tmp_path, monkeypatch, capsys):
    """Run the command line with two syncs, of which the second has no table."""
    good = {"destination": "hubspot", "source": "activation.crm_contacts", "key": "email",
            "options": {"requests_per_10_seconds": 100_000},
            "fields": {"segments": {"to": "audience_segments", "policy": "always"}}}  # fmt: skip
    config = {
        "warehouse": "warehouse.duckdb",
        "ledger": "ledger.duckdb",
        "backoff_seconds": 0.005,
        "require_validation": False,
        "syncs": {"good": good, "lost": good | {"source": "activation.nothing"}},
    }
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sync.yml").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("HUBSPOT_BASE_URL", crm.url)
    monkeypatch.setenv("HUBSPOT_TOKEN", TOKEN)

    def run(*arguments):
        capsys.readouterr()
        code = audiences.main(list(arguments))
        return code, *capsys.readouterr()

    return run


def test_one_sync_that_is_stopped_does_not_stop_the_other(crm, sync, command):
    fill(sync.warehouse, people(3, segments="a"))
    code, out, err = command("push", "--first-run")
    assert code == 2 and "lost: " in err and "Delivered 3 of 3" in out
    assert command("push", "good")[0] == 0
    code, out, _ = command("push", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 2 and [line.get("exit_code") for line in lines] == [None, 2]
    assert command("push", "other")[0] == 2
    assert command("push", "hubspot")[0] == 2  # both go there


def test_every_command_says_what_it_did(crm, sync, command):
    fill(sync.warehouse, [*people(3, segments="a"), person("bad", email="bad@@example.com")])
    assert command("push", "good", "--first-run")[0] == 3
    code, out, _ = command("dead", "list", "good")
    assert code == 0 and "VALIDATION_ERROR" in out and "bad@@" not in out
    assert "1 go out with the next push" in command("dead", "retry", "good")[1]
    assert command("push", "good")[0] == 3
    assert "left alone" in command("dead", "drop", "good")[1]
    assert "No record is dead" in command("dead", "list", "good")[1]
    assert "erased there" in command("forget", "person0001@example.com", "--sync", "good")[1]
    assert "Deleted" in command("prune", "good")[1]
    code, out, _ = command("pull", "good", "--raw-path", "raw")
    assert code == 0 and "contacts" in out and list(sync.warehouse.parent.glob("raw/hubspot/*"))


def test_doctor_finds_creates_and_reads_back(crm, sync, command):
    fill(sync.warehouse, people(3, segments="a"))
    code, out, _ = command("doctor", "good")
    assert code == 0 and "✗" not in out
    code, out, _ = command("doctor", "lost")
    assert code == 2 and "✗ source" in out
    crm.token = "another"
    code, _, err = command("doctor", "good")
    assert code == 6 and TOKEN not in err


def test_doctor_reports_a_service_that_is_down(sync, monkeypatch):
    def down(*_, **__):
        raise Refused("HTTP 400")
        yield Finding("never", is_fine=True)

    monkeypatch.setattr(type(sync.destination), "doctor", down)
    fill(sync.warehouse, people(1))
    found = list(delivery.doctor(sync))
    assert not found[-1].is_fine and found[-1].detail == "HTTP 400"


# ---------------------------------------------------------------------- words


def refusal(sync, address):
    """Why a push to this address stops."""
    sync.destination.base_url = address
    return push(replace(sync, max_tries=1)).stopped


def test_windows_is_refused_clearly(monkeypatch, capsys):
    monkeypatch.setattr("sys.platform", "win32")
    assert audiences.main(["status"]) == 2
    assert "does not run on Windows" in capsys.readouterr().err


def test_three_kinds_of_no_connection_are_three_messages(crm, sync, monkeypatch):
    fill(sync.warehouse, people(1))

    def of_a_bad_certificate(*_, **__):
        raise httpx.ConnectError("x") from ssl.SSLCertVerificationError("CERTIFICATE_VERIFY_FAILED")

    assert "DNS" in refusal(sync, "http://no-such-host.invalid")
    assert "refuses it" in refusal(sync, "http://127.0.0.1:9")
    monkeypatch.setattr(httpx.Client, "send", of_a_bad_certificate)
    monkeypatch.setattr(httpx.Client, "request", of_a_bad_certificate)
    assert "certificate" in refusal(sync, "https://127.0.0.1:9")


def test_masking_never_hides_which_record_it_is():
    assert masked("p-0123") == "p-0123"
    assert masked("vip|p-0123") == "vip|p-0123"
    assert masked("vip|ann@example.com") == "vip|a***@example.com"
    assert masked("+49301234567") == "+***"


def test_a_plan_refuses_what_a_push_refuses(sync):
    fill(sync.warehouse, people(1))
    sync = replace(sync, destination=plug_in("files")({"folder": ""}, {}))
    for run in (push, delivery.plan):
        with pytest.raises(delivery.ConfigError, match="option folder"):
            run(sync)
