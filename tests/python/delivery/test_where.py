"""`where` in sync.yml: one segment of many as a list of its own."""

import duckdb
import pytest
import yaml

from scripts import delivery
from scripts.delivery import engine
from scripts.delivery.errors import ConfigError


def load(folder, where):
    config = {
        "warehouse": str(folder / "warehouse.duckdb"),
        "ledger": str(folder / "ledger.duckdb"),
        "suppressions": None,
        "syncs": {
            "a_list": {
                "destination": "files",
                "options": {"folder": str(folder / "out")},
                "source": "activation.segment_list_members",
                "where": where,
                "key": ["segment", "profile_id"],
                "fields": {"email": "email"},
            }
        },
    }
    path = folder / "sync.yml"
    path.write_text(yaml.safe_dump(config))
    [sync] = delivery.load_syncs(path, environ={})
    return sync


def test_a_word_for_a_column_of_yes_and_no_is_refused(folder):
    with pytest.raises(ConfigError, match=r"is_addressable cannot be \['yes'\]"):
        engine.plan(load(folder, {"is_addressable": "yes"}))


@pytest.fixture
def folder(tmp_path):
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create schema activation")
        connection.execute(
            "create table activation.segment_list_members as"
            " select * from (values ('buyers', 'a', 'a@example.com', true),"
            " ('buyers', 'b', 'b@example.com', false), ('it''s', 'a', 'a@example.com', true),"
            " ('others', 'c', 'c@example.com', null))"
            " as rows (segment, profile_id, email, is_addressable)"
        )
    return tmp_path


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ({}, 4),
        ({"segment": "buyers"}, 2),
        ({"segment": ["buyers", "it's"]}, 3),
        ({"segment": "buyers", "is_addressable": True}, 1),
        ({"segment": "nobody"}, 0),
        ({"segment": []}, 0),
    ],
)
def test_only_the_rows_that_are_meant_are_wanted(folder, where, count):
    diff = engine.plan(load(folder, where)).diff
    assert (diff.source_rows, diff.counts["add"]) == (count, count)


def test_who_leaves_what_is_meant_is_removed(folder):
    sync = load(folder, {"segment": ["buyers", "others"]})
    assert engine.push(sync, first_run=True, skip_validation=True).delivered
    diff = engine.plan(load(folder, {"segment": "buyers"})).diff
    assert diff.counts == {"remove": 1, "update": 0, "add": 0}


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("segment = 'x'", r"a_list\.where cannot be .*dictionary"),
        ({"segment; drop": "x"}, r"where\.segment; drop cannot"),
        ({"segment": 0.5}, r"where\.segment\.0 cannot be 0\.5"),
        ({"segment": None}, r"where\.segment\.0 cannot be None"),
        ({"sgement": "x"}, "has no column"),
    ],
)
def test_what_makes_no_sense_is_said(folder, where, words):
    with pytest.raises(ConfigError, match=words):
        engine.plan(load(folder, where))


def test_a_no_in_any_row_counts_for_every_row_of_the_person(folder):
    """Of the same profile under another address, and of a row that is not meant."""
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(
            "create or replace table activation.segment_list_members as"
            " select * from (values ('x', 'p1', 'one@example.com', false),"
            " ('buyers', 'p1', 'uno@example.com', true), ('buyers', 'p2', 'Uno@example.com', true),"
            " ('buyers', 'p2', 'two@example.com', true), ('buyers', 'p3', 'cy@example.com', true))"
            " as rows (segment, profile_id, email, is_consented)"
        )
    diff = engine.plan(load(folder, {"segment": "buyers"})).diff
    assert (diff.counts["add"], diff.suppressed) == (1, 3)


def test_who_is_barred_by_another_row_leaves_without_a_guard(folder):
    def fill(is_consented):
        with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
            connection.execute(
                "create or replace table activation.segment_list_members as select * from (values"
                f" ('x', 'p1', 'one@example.com', {is_consented}),"
                " ('buyers', 'p1', 'uno@example.com', true),"
                " ('buyers', 'p2', 'two@example.com', true))"
                " as rows (segment, profile_id, email, is_consented)"
            )

    sync = load(folder, {"segment": "buyers"})
    fill("true")
    assert engine.push(sync, first_run=True, skip_validation=True).delivered == 2
    fill("false")
    result = engine.push(sync, skip_validation=True)
    assert (result.diff.counts["remove"], result.diff.suppressed_removes) == (1, 1)
