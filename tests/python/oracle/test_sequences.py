"""Sequences of two, three and four steps in SQL are those that the plain evaluator finds."""

import ast
import random
from dataclasses import replace
from datetime import datetime, timedelta

import duckdb
import pytest

from dev.project_copy import copy_of_files
from scripts.roll_up import write_roll_up

from .people import in_order

AS_OF = datetime(2026, 6, 30)
SEED = 20261129
PEOPLE = 1200
STEPS = ("page_viewed", "email_opened", "order_completed", "visit_started")
# Steps as did_in_order takes them.
SEQUENCES = [
    "['page_viewed', 'email_opened']",
    "['order_completed', 'order_completed']",
    "[('page_viewed', 2), 'visit_started']",
    "['page_viewed', ('order_completed', 2), 'email_opened']",
    "['visit_started', ('visit_started', 2, 1), ('page_viewed', 1, 1)]",
    "['page_viewed', ('email_opened', 1, 1), ('order_completed', 2), ('visit_started', 1, 2)]",
    "['email_opened', 'page_viewed', 'email_opened', 'page_viewed']",
]
WINDOWS = (7, "ever")


def history(source: random.Random) -> list[tuple[str, datetime]]:
    """What somebody did in ten days, by the half day: many things happen at one instant."""
    return [
        (source.choice(STEPS), AS_OF - timedelta(hours=12 * source.randrange(-1, 20)))
        for _ in range(source.randrange(1, 30))
    ]


def is_taken(done: list[tuple[str, datetime]], steps: str, window: int | str) -> bool:
    begins = AS_OF - timedelta(days=window) if window != "ever" else datetime(1, 1, 1)
    written = [step if isinstance(step, tuple) else (step,) for step in ast.literal_eval(steps)]
    return in_order(
        [
            (
                sorted(at for behavior, at in done if behavior == name and begins < at <= AS_OF),
                *(how or (1, 0))[:1],
                *(how[1:] or (0,)),
            )
            for name, *how in written
        ]
    )


@pytest.fixture(scope="module")
def found(make_project, tmp_path_factory):
    """What each person did, and the columns of the sequences with whom SQL finds in them."""
    folder = tmp_path_factory.mktemp("sequences")
    source = folder / "raw" / "events" / "events"
    source.mkdir(parents=True)
    (source / "header.csv").write_text("event_id,event_name,occurred_at\n")
    copied = copy_of_files(folder / "project")
    themed = copied / "models" / "marts" / "segments" / "research"
    # No segment but this one asks for a sequence.
    calls = [(steps, window) for steps in SEQUENCES for window in WINDOWS]
    for name in ("top_of_funnel_engaged.sql", "top_of_funnel_engaged.yml"):
        (themed.parent / "leads" / name).unlink()
    asked = " or ".join(
        f"{{{{ did_in_order({steps}, within_days={window!r}) }}}}" for steps, window in calls
    )
    (themed / "evaluators.sql").write_text(
        f"select profile_id from {{{{ ref('profile_traits') }}}} where {asked}"
    )
    write_roll_up(copied)
    project = replace(
        make_project(folder / "raw", event_sources=["events"], as_of=AS_OF.isoformat()),
        project_dir=copied,
        target_path=folder / "target",
    )
    chance = random.Random(SEED)
    people = [history(chance) for _ in range(PEOPLE)]
    rows = [(key, name, at) for key, done in enumerate(people) for name, at in done]
    with duckdb.connect(str(project.warehouse)) as connection:
        connection.execute("create schema intermediate")
        connection.execute(
            "create table done (profile_key bigint, behavior text, happened_at timestamp)"
        )
        connection.executemany("insert into done values (?, ?, ?)", rows)
        connection.execute(
            """
            create table intermediate.int_events_resolved as
            select
                profile_key, behavior, null as broader_behavior, 'none' as stage,
                true as is_engagement, true as is_human, happened_at as occurred_at
            from done where behavior <> 'visit_started'
            """
        )
        connection.execute(
            """
            create table intermediate.int_visits as
            select profile_key, happened_at as started_at from done where behavior = 'visit_started'
            """
        )
    project.dbt("run", "--select", "int_profile_sequences_matched")
    with duckdb.connect(str(project.warehouse)) as connection:
        cursor = connection.execute("select * from intermediate.int_profile_sequences_matched")
        names = [name for name, *_ in cursor.description]
        matched = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return people, calls, matched


def test_sql_takes_the_steps_that_can_be_taken(found):
    people, calls, matched = found
    columns = [name for name in matched[0] if name != "profile_key"]
    assert len(columns) == len(calls)
    by_column = {
        column: {row["profile_key"] for row in matched if row[column]} for column in columns
    }
    expected = [{key for key, done in enumerate(people) if is_taken(done, *call)} for call in calls]
    assert all(0 < len(keys) < PEOPLE for keys in expected), "a sequence that tells nobody apart"
    assert sorted(map(sorted, by_column.values())) == sorted(map(sorted, expected)), SEED
