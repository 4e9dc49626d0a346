"""Probable links: what is proposed, what a verdict does, and what the limits make of it."""

import csv
import importlib.util
import random
from dataclasses import replace
from datetime import datetime

import pandas as pd
import pytest

from dev.project_copy import copy_of_files
from scripts import audiences, propose_links
from scripts.dbt_runner import PROJECT
from scripts.propose_links import COLUMNS, CannotPropose, merge

from .conftest import AS_OF
from .test_incremental import COLUMNS as EVENT_COLUMNS
from .test_incremental import crm_row
from .test_incremental import write as write_events

NOW = datetime(2026, 6, 30, 12)
needs_splink = pytest.mark.skipif(
    importlib.util.find_spec("splink") is None,
    reason="splink is not installed: it is optional (requirements-splink.txt)",
)


def found(*pairs):
    """Rows as Splink gives them; profiles whose value begins with `user` have a user id."""
    return pd.DataFrame(
        [
            {
                "identifier_type_l": "email",
                "identifier_value_l": pair,
                "user_id_l": pair if pair.startswith("user") else None,
                "identifier_type_r": "email",
                "identifier_value_r": other,
                "user_id_r": other if other.startswith("user") else None,
                "match_probability": probability,
            }
            for pair, other, probability in pairs
        ]
    )


def row(first, other, verdict="", **more):
    values = ("email", first, "email", other, "0.9900", "2026-06-01 00:00:00", verdict, "")
    return dict(zip(COLUMNS, values, strict=True)) | more


def proposed(existing, pairs, *, decided=(), profiles=None, most=None):
    profile_of = {("email", name): name for pair, other, _ in pairs for name in (pair, other)}
    profile_of |= {("email", name): profile for name, profile in (profiles or {}).items()}
    added = merge(
        existing,
        found(*pairs),
        decided=[frozenset({("email", name) for name in pair}) for pair in decided],
        profile_of=profile_of,
        now=NOW,
        most=most,
    )
    return [(entry["identifier_value_a"], entry["identifier_value_b"]) for entry in added]


def test_a_proposal_waits_for_a_verdict():
    profile_of = {("email", "b"): "1", ("email", "a"): "2"}
    pairs = found(("b", "a", 0.98765))
    (added,) = merge([], pairs, decided=[], profile_of=profile_of, now=NOW)
    assert added == row("a", "b", match_probability="0.9877", proposed_at="2026-06-30 12:00:00")


def test_the_most_probable_come_first_and_max_keeps_those():
    pairs = [("a", "b", 0.96), ("c", "d", 0.99), ("e", "f", 0.97)]
    assert proposed([], pairs) == [("c", "d"), ("e", "f"), ("a", "b")]
    assert proposed([], pairs, most=1) == [("c", "d")]


@pytest.mark.parametrize("verdict", ["accepted", "rejected", ""])
def test_a_pair_in_the_table_is_not_proposed_again(verdict):
    pairs = [("a", "b", 0.99), ("b", "c", 0.98)]
    assert proposed([row("b", "a", verdict)], pairs) == [("b", "c")]


def test_a_verdict_holds_for_the_profiles_under_other_identifiers():
    existing = [row("old-a", "b", "rejected")]
    assert proposed(existing, [("a", "b", 0.99)], profiles={"old-a": "a"}) == []
    assert proposed(existing, [("a", "b", 0.99)], profiles={"old-a": "z"}) == [("a", "b")]


def test_a_decision_of_ones_own_is_a_verdict():
    assert proposed([], [("a", "b", 0.99)], decided=[("b", "a")]) == []


def test_what_is_one_profile_already_is_not_proposed():
    assert proposed([], [("a", "b", 0.99)], profiles={"a": "1", "b": "1"}) == []


def test_two_user_ids_are_never_proposed():
    pairs = [("user-a", "user-b", 0.99), ("user-a", "c", 0.98)]
    assert proposed([], pairs) == [("c", "user-a")]


def test_the_review_table_keeps_its_rows(tmp_path):
    path = tmp_path / "proposals.csv"
    rows = [row("a,b", 'q"uote', "accepted", decided_at="2026-06-02"), row("c", "d")]
    propose_links.write_proposals(path, rows)
    assert propose_links.read_proposals(path) == rows
    assert [file.name for file in tmp_path.iterdir()] == ["proposals.csv"]
    assert propose_links.read_proposals(tmp_path / "none.csv") == []
    path.write_text("something,else\n1,2\n")
    with pytest.raises(CannotPropose, match="should have the columns"):
        propose_links.read_proposals(path)


def test_the_seed_has_the_columns():
    with propose_links.PROPOSALS.open() as file:
        assert tuple(next(csv.reader(file))) == COLUMNS


def test_without_splink_it_says_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert audiences.main(["propose-links"]) == 2
    assert "--require-hashes -r requirements-splink.txt" in capsys.readouterr().err
    assert (PROJECT / "requirements-splink.txt").is_file()


def event(number, **identifiers):
    return dict.fromkeys(EVENT_COLUMNS) | {
        "event_id": f"e{number}",
        "event_name": "page_viewed",
        "occurred_at": datetime(2026, 6, 1, 0, number),
        "loaded_at": datetime(2026, 6, 1, 1, number),
        **identifiers,
    }


@pytest.fixture(scope="module")
def reviewed(make_project, tmp_path_factory):
    """A project of its own in which people gave their verdicts."""
    folder = copy_of_files(tmp_path_factory.mktemp("reviewed") / "project")
    decided = {"decided_at": "2026-06-10 00:00:00"}
    propose_links.write_proposals(
        folder / "seeds" / "identity_proposals.csv",
        [
            row("ann@example.com", "ann@work.example", "accepted", **decided),
            row("bob@example.com", "bob@work.example", "rejected", **decided),
            row("cat@example.com", "cat@work.example"),
            row("dan@example.com", "dan@work.example", "accepted", **decided),
            row("eve@example.com", "eve@work.example", "accepted", decided_at="2026-07-01"),
        ],
    )
    project = replace(
        make_project(event_sources=["events"], as_of=AS_OF),
        project_dir=folder,
        target_path=folder / "target",
    )
    names = ("ann", "bob", "cat", "dan", "eve")
    events = [
        {"email": f"{name}@{domain}", "anonymous_id": f"{name}-{domain}"}
        for name in names
        for domain in ("example.com", "work.example")
    ]
    # Both of Dan's profiles have a user id.
    events += [
        {"email": f"dan@{domain}", "user_id": f"dan-{domain}"}
        for domain in ("example.com", "work.example")
    ]
    numbered = [event(number, **identifiers) for number, identifiers in enumerate(events)]
    write_events(project.raw, "all", numbered)
    project.dbt(
        "build", "--select", "+profile_identifiers", "+identity_suppressed_edges",
        "--exclude-resource-type", "test", "unit_test",
    )  # fmt: skip
    return project


@pytest.mark.parametrize(
    ("name", "profiles"),
    [
        ("ann", 1),  # accepted
        ("bob", 2),  # rejected
        ("cat", 2),  # nobody has looked
        ("dan", 2),  # accepted, and a person has one user id
        ("eve", 2),  # accepted after the instant that is looked at
    ],
)
def test_only_an_accepted_proposal_within_the_limits_links(reviewed, name, profiles):
    assert (
        reviewed.value(
            "select count(distinct profile_id) from marts.profile_identifiers "
            "where identifier_type = 'email' and identifier_value like ? || '%'",
            name,
        )
        == profiles
    )


def test_an_accepted_proposal_that_breaks_a_limit_is_shown(reviewed):
    suppressed = reviewed.rows(
        """
        select identifier_value_a, identifier_value_b, reason
        from marts.identity_suppressed_edges
        where identifier_type_a = 'email' and identifier_type_b = 'email'
        """
    )
    assert [{*pair} for *pair, _ in suppressed] == [{"dan@example.com", "dan@work.example"}]
    assert suppressed[0][2] in ("shared_identifier", "limit_exceeded")


DOUBLES = {
    "Wilhelmina Oakenfold": ("w.oakenfold@example.com", "mina@post.example"),
    "Bartholomew Quint": ("barty@example.com", "quint@letters.example"),
}


@pytest.fixture(scope="module")
def contacts(make_project):
    """A CRM of 300 people, two of whom have two contacts that share no identifier."""
    chance = random.Random(20260630)
    firsts = [
        "Ada",
        "Bea",
        "Cleo",
        "Dara",
        "Esme",
        "Finn",
        "Gus",
        "Hal",
        "Ida",
        "Jon",
        "Kai",
        "Lia",
    ]
    lasts = ["Abram", "Birk", "Corvo", "Daal", "Eriks", "Falk", "Gallen", "Holm", "Ivers", "Jarl"]
    people = [
        (
            f"{chance.choice(firsts)} {chance.choice(lasts)}",
            f"person{number}@example.com",
            number % 40,
        )
        for number in range(300)
    ]
    people += [(name, email, 50) for name, emails in DOUBLES.items() for email in emails]
    project = make_project(event_sources=["hubspot"], as_of=AS_OF)
    folder = project.raw / "hubspot" / "contacts"
    folder.mkdir(parents=True)
    pd.DataFrame(
        [
            crm_row(
                str(1000 + number),
                email,
                property_firstname=name.split()[0],
                property_lastname=name.split()[1],
                property_company=f"Company {company}",
                property_jobtitle=f"Title {company}",
            )
            for number, (name, email, company) in enumerate(people)
        ]
    ).to_json(folder / "rows.ndjson", orient="records", lines=True)
    project.dbt(
        "build",
        "--select",
        "+profile_identifiers",
        "+profiles",
        "--exclude-resource-type",
        "test",
        "unit_test",
    )
    return project


def propose(project, out, *arguments):
    return audiences.main(
        ["propose-links", "--warehouse", str(project.warehouse), "--out", str(out), *arguments]
    )


@needs_splink
def test_doubles_are_proposed_once(contacts, tmp_path, capsys):
    out = tmp_path / "proposals.csv"
    assert propose(contacts, out, "--dry-run") == 0
    assert "2 proposals would be added" in capsys.readouterr().out
    assert not out.exists()

    assert propose(contacts, out) == 0
    rows = propose_links.read_proposals(out)
    emails = {
        frozenset(
            contacts.value(
                "select email from marts.profiles inner join marts.profile_identifiers "
                "using (profile_id) where identifier_type = ? and identifier_value = ?",
                entry[f"identifier_type_{side}"],
                entry[f"identifier_value_{side}"],
            )
            for side in "ab"
        )
        for entry in rows
    }
    assert emails == {frozenset(pair) for pair in DOUBLES.values()}
    assert all(0.95 <= float(entry["match_probability"]) <= 1 for entry in rows)
    assert {(entry["verdict"], entry["decided_at"]) for entry in rows} == {("", "")}

    rows[0] |= {"verdict": "rejected", "decided_at": "2026-07-01 00:00:00"}
    propose_links.write_proposals(out, rows[:1])
    assert propose(contacts, out) == 0
    assert propose_links.read_proposals(out)[0] == rows[0]
    assert [propose_links.pair_of(entry) for entry in propose_links.read_proposals(out)] == [
        propose_links.pair_of(entry) for entry in rows
    ]


@needs_splink
def test_a_threshold_and_a_number_hold(contacts, tmp_path):
    out = tmp_path / "proposals.csv"
    assert propose(contacts, out, "--threshold", "1") == 0
    assert not out.exists()
    assert propose(contacts, out, "--max", "1") == 0
    assert len(propose_links.read_proposals(out)) == 1


@needs_splink
def test_what_is_missing_is_named(tmp_path, capsys):
    missing = str(tmp_path / "no.duckdb")
    assert audiences.main(["propose-links", "--warehouse", missing]) == 2
    assert f"no warehouse at {missing}" in capsys.readouterr().err
