"""Explanations: planted people are told as their story has it, and every error says what to do."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import duckdb
import pytest

from dev.project_copy import copy_of_files
from scripts import audiences
from scripts.explain_identity import answers, lookup
from scripts.explain_identity.chains import best_chain
from scripts.explain_identity.warehouse import Edge

from .conftest import copy_of
from .test_pipeline import planted

IDENTITY = (
    "run", "--select", "+profile_merges", "+profile_aliases", "+identity_suppressed_edges",
    "+identity_health", "int_events_resolved",
)  # fmt: skip


@pytest.fixture
def ask(capsys):
    """A function that asks on the command line and gives exit code, text and what JSON says."""

    def asked(project, *arguments):
        where = ["--warehouse", str(project.warehouse)]
        call = ["explain-identity", *arguments, *where]
        code = audiences.main(call)
        text = capsys.readouterr()
        assert audiences.main([*call, "--json"]) == code
        return SimpleNamespace(
            code=code, out=text.out, err=text.err, json=json.loads(capsys.readouterr().out)
        )

    return asked


def person(project, name):
    """The identifiers of a planted person: their one by type, addresses as a list."""
    found = {}
    for row in planted(project, "identities"):
        if row["person"] == name:
            found.setdefault(row["identifier_type"], []).append(row["identifier_value"])
    return SimpleNamespace(
        user_id=found["user_id"][0],
        device=found.get("anonymous_id", [None])[0],
        emails=sorted(found.get("email", [])),
        contact=found.get("crm_contact_id", [None])[0],
    )


@pytest.fixture(scope="module")
def later(demo, tmp_path_factory):
    """The demo a day later: two accounts linked, an address taken back, and new people.

    The overrides are those lines that the explanations of the demo print.
    """
    folder = tmp_path_factory.mktemp("later")
    shutil.copytree(demo.raw, folder / "raw")
    copy_of_files(folder / "project")
    user = person(demo, "shared_device_of_2_1").user_id
    reader = person(demo, "shared_device_of_2_reader_1").user_id
    three = person(demo, "three_addresses_1")
    lines = [
        *paste(demo, user, reader),
        *paste(demo, three.user_id, f"email:{three.emails[0]}"),
    ]
    with (folder / "project/seeds/identity_overrides.csv").open("a") as seed:
        seed.writelines(f"{line}\n" for line in lines)
    calls = [
        {"user_id": "two-phones", "phone": "+14155550101"},
        {"user_id": "two-phones", "phone": "+14155550102"},
        *({"user_id": f"clerk-{number}", "anonymous_id": "kiosk"} for number in range(6)),
        {"user_id": "twice", "anonymous_id": "twice"},
        {"user_id": "ambiguous", "email": "one@example.com"},
        {"user_id": "other", "anonymous_id": "ambiguous"},
        {"user_id": "[bold]1", "anonymous_id": "says[/]"},
        {"anonymous_id": "signed-up-device", "user_id": None},
        {"user_id": "signed-up", "anonymous_id": None},
    ]
    at = "2026-06-30T10:00:00Z"
    write(
        folder / "raw/segment/identifies/later.ndjson",
        [
            {"id": f"later-{number}", "timestamp": at, "received_at": at} | call
            for number, call in enumerate(calls)
        ],
    )
    alias = {"id": "a1", "previous_id": "signed-up-device", "user_id": "signed-up"}
    alias |= {"timestamp": at, "received_at": at}
    write(folder / "raw/segment/aliases/later.ndjson", [alias])
    project = replace(
        copy_of(demo, folder),
        raw=folder / "raw",
        project_dir=folder / "project",
        target_path=folder / "target",
        variables={"as_of": "2026-07-01T00:00:00Z"},
    )
    project.dbt("seed", "--select", "identity_overrides")
    project.dbt(*IDENTITY)
    return project


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def paste(project, *asked):
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        return answers.explain(connection, *asked).paste


# One identifier -----------------------------------------------------------------------------------


def test_a_person_has_every_identifier_with_what_names_it(demo, ask):
    three = person(demo, "three_addresses_1")
    reply = ask(demo, three.user_id)
    assert reply.code == 0
    shown = {(row["identifier_type"], row["identifier_value"]) for row in reply.json["identifiers"]}
    assert shown == {
        ("user_id", three.user_id),
        ("anonymous_id", three.device),
        *(("email", address) for address in three.emails),
    }
    (anchor,) = [row for row in reply.json["identifiers"] if row["names_the_profile"]]
    profile_id, first = demo.rows(
        "select profile_id, first_seen_at from marts.profile_identifiers "
        "where identifier_value = ? and is_anchor",
        anchor["identifier_value"],
    )[0]
    assert reply.json["profile"]["profile_id"] == profile_id
    assert anchor["first_seen_at"] == f"{first.isoformat()}+00:00"
    for value in (three.user_id, three.device, *three.emails, profile_id, "names the profile"):
        assert value in reply.out
    assert "Times are UTC, as of 2026-06-30 00:00." in reply.out
    assert "\x1b" not in reply.out, "a pipe gets no colours"
    assert all(line == line.rstrip() for line in reply.out.splitlines())
    assert ask(demo, profile_id).json["identifiers"] == reply.json["identifiers"]
    for asked in (three.emails[0].upper(), f" email: {three.emails[0]} ", profile_id.upper()):
        assert ask(demo, asked).json["profile"] == reply.json["profile"]


def test_what_a_job_change_left_behind(demo, ask):
    moved = person(demo, "job_change_1")
    reply = ask(demo, moved.contact)
    assert reply.json["profile"]["user_id"] == moved.user_id
    assert reply.json["profile"]["email_count"] == 2
    assert "in the CRM" in reply.out
    assert "Seen together, yet kept apart" not in reply.out


def test_a_shared_device_is_nobody_and_says_with_whom_it_was_seen(demo, ask):
    user = person(demo, "shared_device_of_2_1")
    reply = ask(demo, f"anonymous_id:{user.device}")
    assert reply.json["profile"]["is_shared_device"]
    assert "several people use, not a person" in reply.out
    assert "links no further: shared_identifier" in reply.out
    reader = person(demo, "shared_device_of_2_reader_1")
    assert {row["other"] for row in reply.json["kept_apart"]} == {
        f"user_id:{user.user_id}",
        f"user_id:{reader.user_id}",
        f"email:{user.emails[0]}",
        f"email:{reader.emails[0]}",
    }
    assert reply.out.count("shared_identifier: two known people use this device") == 1
    # From the other side the reason is the device's as well.
    assert {row["explanation"] for row in ask(demo, user.user_id).json["kept_apart"]} == {
        "shared_identifier: two known people use this device"
    }


def test_a_role_mailbox_names_its_rule(demo, ask):
    (address,) = person(demo, "role_mailbox_info_1").emails
    reply = ask(demo, address)
    assert reply.code == 0
    assert "blocked_value: rule role_mailbox (A mailbox that several people read)" in reply.out
    assert {row["rule"] for row in reply.json["kept_apart"]} == {"role_mailbox"}


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        ("undefined", "placeholder"),
        ("user_id:Undefined", "placeholder"),
        ("00000000-0000-0000-0000-000000000000", "all_zeros"),
        ("guest", "placeholder"),
        ("${user.id}", "template"),
        ("x", "one_character"),
        ("Not Logged In", "placeholder"),
        ("[[user]]", "template"),
    ],
)
def test_a_void_value_identifies_nobody(demo, ask, asked, rule):
    reply = ask(demo, asked)
    assert (reply.code, reply.json["kind"]) == (0, "void")
    assert f"is void by rule {rule}: it identifies nobody" in reply.out
    assert ("never seen" in reply.out) == (
        asked in ("guest", "${user.id}", "x", "Not Logged In", "[[user]]")
    )
    # Of two identifiers it answers for both.
    user_id = person(demo, "job_change_1").user_id
    assert ask(demo, "--why-not", user_id, asked).json == reply.json


# Two identifiers ----------------------------------------------------------------------------------


def test_the_chain_between_two_addresses(demo, ask):
    three = person(demo, "three_addresses_1")
    reply = ask(demo, three.emails[0], three.emails[2])
    assert reply.json["answer"] == "one_person"
    assert [(step["one"], step["other"]) for step in reply.json["chain"]] in (
        [
            (f"email:{three.emails[0]}", f"{kind}:{value}"),
            (f"{kind}:{value}", f"email:{three.emails[2]}"),
        ]
        for kind, value in (("user_id", three.user_id), ("anonymous_id", three.device))
    )
    for step in reply.json["chain"]:
        (source,) = step["sources"]
        assert (step["how"], source["source"], step["reason"]) == ("seen", "segment", None)
        assert step["sample_observation"] == f"segment:{source['sample']}"
        assert source["observation_count"] == step["observation_count"]
    assert "seen" in reply.out and "segment" in reply.out
    assert ask(demo, "--why-not", three.emails[0], three.emails[2]).out == reply.out
    same = ask(demo, three.user_id, f"user_id:{three.user_id}")
    assert (same.json["chain"], same.json["paste"]) == ([], [])
    assert "both are user_id:" in same.out


def test_two_people_on_one_device_with_the_line_that_would_join_them(demo, ask):
    user = person(demo, "shared_device_of_2_1")
    reader = person(demo, "shared_device_of_2_reader_1")
    reply = ask(demo, "--why-not", user.emails[0], reader.user_id)
    assert reply.json["answer"] == "two_people"
    assert [step["reason"] for step in reply.json["chain"]].count("shared_identifier") == 2
    assert "kept apart, shared_identifier: two known people use this device" in reply.out
    # Two addresses would leave the two accounts apart, so the line is about the accounts.
    assert reply.json["paste"] == [
        f"link,user_id,{user.user_id},user_id,{reader.user_id},2026-06-30T00:00:00,one person"
    ]
    assert reply.json["paste"][0] in reply.out.splitlines()
    assert ask(demo, user.emails[0], reader.user_id).json == reply.json


def test_the_way_through_a_blocked_address_leads_from_one_component_to_the_next(demo, ask):
    reader_of_mail = person(demo, "role_mailbox_info_1")
    colleague = person(demo, "role_mailbox_info_colleague_1")
    reply = ask(demo, "--why-not", reader_of_mail.user_id, colleague.user_id)
    assert [step["reason"] for step in reply.json["chain"]] == ["blocked_value"] * 2
    assert reply.json["chain"][0]["other"] == f"email:{reader_of_mail.emails[0]}"
    assert reply.json["paste"][0].startswith(f"link,user_id,{reader_of_mail.user_id},user_id,")
    blocked = ask(demo, "--why-not", reader_of_mail.emails[0], reader_of_mail.user_id)
    assert blocked.json["paste"] == []
    assert "the block line role_mailbox (info@*)" in blocked.out
    assert "cannot overrule" in blocked.out
    # Further on than the next component: the devices of two colleagues.
    other = person(demo, "role_mailbox_info_colleague_2")
    far = ask(demo, "--why-not", colleague.device, other.device)
    assert len(far.json["chain"]) in (2, 3, 4)
    assert far.json["chain"][-1]["other"] == f"anonymous_id:{other.device}"


def test_strangers_were_never_tied(demo, ask):
    first, other = (person(demo, f"job_change_{number}") for number in (1, 2))
    reply = ask(demo, "--why-not", first.user_id, other.user_id)
    assert reply.json["chain"] is None
    assert "nothing ever tied them" in reply.out


def test_a_search_that_would_never_end_is_stopped(demo, ask, monkeypatch):
    reader_of_mail = person(demo, "role_mailbox_info_1")
    other = person(demo, "role_mailbox_sales_1")
    assert ask(demo, "--why-not", reader_of_mail.user_id, other.user_id).json["is_search_complete"]
    monkeypatch.setattr(answers, "SEARCHED_AT_MOST", 1)
    reply = ask(demo, "--why-not", reader_of_mail.user_id, other.user_id)
    assert reply.json["is_search_complete"] is False
    assert "the search was stopped" in reply.out


# A day later: merges, splits, and what only they show ---------------------------------------------


def test_the_pasted_lines_do_what_they_say(demo, later, ask):
    user = person(demo, "shared_device_of_2_1")
    reader = person(demo, "shared_device_of_2_reader_1")
    reply = ask(later, user.user_id, reader.user_id)
    assert reply.json["answer"] == "one_person"
    (step,) = reply.json["chain"]
    assert step["how"] == "declared"
    assert step["sources"][0]["source"] == "identity_overrides"
    assert "declared once" in reply.out
    assert reply.json["paste"][0].startswith("separate,user_id,")

    three = person(demo, "three_addresses_1")
    apart = ask(later, "--why-not", three.user_id, f"email:{three.emails[0]}")
    assert apart.json["answer"] == "two_people"
    assert {step["reason"] for step in apart.json["chain"]} == {"separated"}
    assert "somebody decided that the two are not one person's" in apart.out


def test_a_merge_is_told_and_the_old_id_leads_to_the_person(demo, later, ask):
    user = person(demo, "shared_device_of_2_1")
    reader = person(demo, "shared_device_of_2_reader_1")
    now = ask(later, user.user_id).json["profile"]["profile_id"]
    before = {
        ask(demo, entry.user_id).json["profile"]["profile_id"]: entry for entry in (user, reader)
    }
    retired = {
        old: ask(later, old) for old in before if ask(later, old).json["retired_id"] is not None
    }
    assert retired
    for old, reply in retired.items():
        assert reply.json["profile"]["profile_id"] == now
        assert f"You asked for {old}, which was retired 2026-07-01 00:00" in reply.out
        assert old in reply.json["retired_ids"]
        assert f"{old} was merged into {now}: " in reply.out
        (change,) = [row for row in reply.json["changes"] if row["loser_profile_id"] == old]
        assert (change["change"], change["reason"]) in (
            ("merged", "declared"),
            ("merged", "seen_together"),
        )
    # The device is theirs again, with nobody to share it with.
    assert ask(later, user.device).json["profile"]["profile_id"] == now


def test_a_split_is_told_with_its_evidence(demo, later, ask):
    three = person(demo, "three_addresses_1")
    reply = ask(later, three.user_id)
    assert "lost what is now" in reply.out
    assert ": separated" in reply.out
    assert "together since" in reply.out


def test_what_a_kiosk_a_second_phone_and_an_alias_look_like(later, ask):
    kiosk = ask(later, "kiosk")
    assert "hub: rule device_of_many_users" in kiosk.out
    assert "the hub line device_of_many_users (threshold 5)" in ask(later, "kiosk", "clerk-1").out
    assert "link,user_id,clerk-1,user_id,clerk-2," in ask(later, "clerk-1", "clerk-2").out
    phone = ask(later, "+14155550102")
    assert "limit_exceeded: one person would have more identifiers" in phone.out
    assert (
        ask(later, "two-phones", "+14155550102")
        .json["paste"][0]
        .startswith("link,user_id,two-phones,phone,+14155550102,")
    )
    (step,) = ask(later, "signed-up", "signed-up-device").json["chain"]
    assert step["how"] == "suggested"
    assert "suggested once" in ask(later, "signed-up", "signed-up-device").out


def test_one_value_in_two_types_is_only_a_question_when_two_people_have_it(later, ask):
    assert ask(later, "twice").json["profile"]["user_id"] == "twice"
    reply = ask(later, "ambiguous")
    assert reply.code == 2
    assert reply.err == (
        "Stopped. ambiguous may be several people. Ask for one of them:\n"
        "  user_id:ambiguous\n  anonymous_id:ambiguous\n"
    )
    assert reply.json == {
        "error": reply.err.removeprefix("Stopped. ").rstrip("\n"),
        "exit_code": 2,
    }
    assert ask(later, "anonymous_id:ambiguous").json["profile"]["user_id"] == "other"


def test_values_are_no_markup(later, ask):
    assert "user_id:[bold]1" in ask(later, "[bold]1", "says[/]").out
    assert "says[/]" in ask(later, "[bold]1").out


def test_a_value_that_begins_like_a_type(later, ask, tmp_path):
    copied = copy_of(later, tmp_path)
    with duckdb.connect(str(copied.warehouse)) as connection:
        for table in ("intermediate.int_identity_nodes", "marts.profile_identifiers"):
            connection.execute(
                f"update {table} set identifier_value = 'email:x' "
                "where identifier_value = 'twice' and identifier_type = 'user_id'"
            )
    assert ask(copied, "email:x").json["found"] == "user_id:email:x"


def test_what_is_not_in_the_data_any_more(demo, later, ask, tmp_path):
    copied = copy_of(later, tmp_path)
    user = person(demo, "shared_device_of_2_1")
    reply = ask(copied, user.user_id)
    old = reply.json["retired_ids"][0]
    with duckdb.connect(str(copied.warehouse)) as connection:
        connection.execute(
            "delete from marts.profile_identifiers where profile_id = ?",
            [reply.json["profile"]["profile_id"]],
        )
        connection.execute("update marts.profile_aliases set profile_id = null")
    withdrawn = ask(copied, old)
    assert (withdrawn.code, withdrawn.json["kind"]) == (0, "withdrawn")
    assert "None of its identifiers is in the data any more" in withdrawn.out
    gone = ask(copied, user.user_id)
    assert (gone.code, gone.json["kind"]) == (0, "gone")
    assert "keeps its place in the registry" in gone.out


def test_what_is_linked_too_often_is_no_case_for_single_lines(demo, ask, monkeypatch):
    monkeypatch.setattr(answers, "SEPARATED_AT_MOST", 0)
    three = person(demo, "three_addresses_1")
    reply = ask(demo, three.emails[0], three.user_id)
    assert reply.json["paste"] == []
    assert "add a void or block line" in reply.out


def test_long_tables_say_what_they_left_out(demo, ask, monkeypatch):
    from scripts.explain_identity import show

    monkeypatch.setattr(show, "ROWS_AT_MOST", 2)
    reply = ask(demo, person(demo, "three_addresses_1").user_id)
    assert "and 3 more; --json has all of them" in reply.out
    assert len(reply.json["identifiers"]) == 5


# Errors -------------------------------------------------------------------------------------------


def test_an_unknown_identifier_gets_near_ones(demo, ask):
    user = person(demo, "job_change_1")
    reply = ask(demo, f"email:{user.user_id}")
    assert reply.code == 2
    assert reply.out == ""
    assert f"Did you mean one of these?\n  user_id:{user.user_id}\n" in reply.err
    assert f"  user_id:{user.user_id}" in ask(demo, f"user_id:{user.user_id.upper()}").err
    mistyped = user.emails[0].replace(".example", ".exmaple")
    assert f"  email:{user.emails[0]}" in ask(demo, mistyped).err
    assert f"  email:{user.emails[0]}" in ask(demo, user.emails[0][:12]).err
    assert ask(demo, "u_0001").err.count("\n") <= 4
    assert "Nothing similar is known" in ask(demo, "♞♞♞").err


def test_a_phone_number_is_recognised_in_any_spelling(later, ask):
    assert "  phone:+14155550101\n" in ask(later, "(415) 555-0101").err


def test_the_warehouse_is_missing_or_no_warehouse_or_not_built(demo, ask, tmp_path):
    empty = replace(demo, warehouse=tmp_path / "none.duckdb")
    reply = ask(empty, "x")
    assert reply.code == 2
    assert f"There is no warehouse at {empty.warehouse}. Run `audiences build` first" in reply.err
    empty.warehouse.write_text("a letter")
    assert "cannot be read" in ask(empty, "x").err
    empty.warehouse.unlink()
    duckdb.connect(str(empty.warehouse)).close()
    assert "Run `audiences build` to make them" in ask(empty, "x").err
    assert "marts.profile_identifiers" in ask(empty, "x").err


def test_a_warehouse_that_dbt_writes_is_locked(demo, ask, tmp_path):
    copied = copy_of(demo, tmp_path)
    code = (
        "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); "
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(copied.warehouse)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as writer:
        assert writer.stdout.readline() == b"held\n"
        locked = ask(copied, "x")
        writer.stdin.close()
    assert locked.code == 5
    assert f"Something writes to {copied.warehouse} (a dbt run?). Try again" in locked.err
    with duckdb.connect(str(copied.warehouse)):
        assert "Something writes to" in ask(copied, "x").err


@pytest.mark.parametrize(
    "arguments", [[], ["a", "b", "c"], ["a", "--why-not", "b", "c"], ["--why-not", "a"]]
)
def test_a_question_that_is_none(arguments, capsys):
    assert audiences.main(["explain-identity", *arguments]) == 2
    assert "Error" in capsys.readouterr().err


def test_help_names_the_identifiers(capsys):
    assert audiences.main(["explain-identity", "--help"]) == 0
    text = capsys.readouterr().out
    assert "email:ann@example.com" in text and "--why-not" in text


# The parts ----------------------------------------------------------------------------------------


def edge(low, high, reason=None):
    return Edge(low, high, 1, None, False, None, None, reason, None)


@pytest.mark.parametrize(
    ("edges", "nodes"),
    [
        ([edge(1, 9)], [9]),
        ([edge(1, 2), edge(2, 9), edge(1, 3), edge(3, 9)], [2, 9]),
        # A longer way on which nothing was kept apart, before a shorter one.
        ([edge(1, 9, "hub"), edge(1, 2), edge(2, 3), edge(3, 9)], [2, 3, 9]),
        (
            [edge(1, 2, "hub"), edge(2, 9, "hub"), edge(1, 3), edge(3, 4), edge(4, 9, "hub")],
            [3, 4, 9],
        ),
    ],
)
def test_the_best_chain(edges, nodes):
    for given in (edges, edges[::-1]):
        assert [there for _, there, _ in best_chain(given, 1, 9)] == nodes
        assert [here for here, _, _ in best_chain(given, 9, 1)] == [9, *nodes[:-1][::-1]]


def test_no_chain_and_an_empty_one():
    assert best_chain([edge(1, 2)], 1, 9) is None
    assert best_chain([], 1, 1) == []


def test_what_was_asked_for():
    assert lookup.split("email: Ann@example.com ") == ("email", "Ann@example.com")
    assert lookup.split("segment:1") == (None, "segment:1")
    assert lookup.split("x") == (None, "x")


VOID_OR_NOT = (
    *("Undefined", "0000-00", "-1", "0.0", "x0", "n/a", "X", "${u.id}", "%ID%", "<id>", "a{b}c"),
    *("\\N", "null", '"null";', "N.A.", "Not Logged-In", "null\u200b", "\u200enull\u3164"),
    *("null, undefined", "[user_id]", "[[User]]", ":user_id", "__USER_ID__", "(other)"),
    *("-2.0", "-12345", "xxx-xxx", "user-1", "(555)", '["null"]', "#ID#"),
)


def test_void_values_are_looked_up_as_the_macro_does(compiled):
    spelled = compiled("select value, {{ void_spelling('value') }} as spelling from given")
    key = compiled("select value, {{ void_key('spelling') }} from spelled")
    expression = f"with given as (select unnest($1) as value), spelled as ({spelled}) {key}"
    found = dict(duckdb.execute(expression, [list(VOID_OR_NOT)]).fetchall())
    assert found == {value: lookup.void_key(lookup.void_spelling(value)) for value in VOID_OR_NOT}
