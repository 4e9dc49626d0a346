"""The same inputs give the same rows in every relation on every engine."""

from dataclasses import dataclass

import duckdb
import pytest

from scripts.dbt_runner import DbtFailed

from . import world
from .engines import SCHEMAS

# Relations that may differ, each with its reason.
EXCEPTIONS: dict[str, str] = {}
# Unit tests that an engine cannot run, each with its reason.
SIZED = "its rows are SQL with varchar, which wants a length"
LONG = "its seed has more rows than the query that dbt makes of them may have on Spark's stack"
UNIT_EXCEPTIONS: dict[str, dict[str, str]] = {
    "PostgreSQL": {
        "stg_snowplow__tracked_contexts": "it names a column of more than 63 characters",
    },
    "Spark": {
        "int_user_agents_classified_kinds": LONG,
        "int_identity_clusters_history_later_builds": SIZED,
        "int_identity_clusters_history_nothing_new": SIZED,
    },
}


@dataclass
class Difference:
    """How one relation differs from DuckDB's; the rows are samples."""

    relation: str
    only_ours: list[tuple]
    only_theirs: list[tuple]


def relations(warehouse):
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(
            "select table_schema, table_name from information_schema.tables "
            # Files are read on DuckDB alone; elsewhere a loader did that.
            "where list_contains(?, table_schema) and table_name <> 'file_intake' order by all",
            [list(SCHEMAS)],
        ).fetchall()


def differences(ours, theirs, folder):
    """Every relation of a DuckDB file in which an engine has other rows, and how many there are."""
    listed = relations(ours)
    folder.mkdir()
    found = []
    with duckdb.connect() as connection:
        queries = theirs.hand_over(listed, folder)
        theirs.attach(connection)
        connection.execute(f"attach '{ours}' as ours (read_only)")
        for name, query in queries.items():
            columns = connection.execute(f"describe ours.{name}").fetchall()
            # In DuckDB's types and order of columns; a column too many would be a difference too.
            cast = ", ".join(
                f'cast("{column}" as {kind}) as "{column}"' for column, kind, *_ in columns
            )
            names = {column for column, *_ in connection.execute(f"describe {query}").fetchall()}
            assert names == {column for column, *_ in columns}, name
            # Read once: behind a view there is much to do.
            connection.execute(
                f"create or replace temp table theirs as select {cast} from ({query})"
            )
            own, other = f"from ours.{name}", "from theirs"
            only_ours, only_theirs = (
                connection.execute(f"{left} except all {right}").fetchall()
                for left, right in ((own, other), (other, own))
            )
            if only_ours or only_theirs:
                found.append(Difference(name, only_ours[:3], only_theirs[:3]))
    return found, len(queries)


# The second step is incremental: it goes on from what the first one built.
STEPS = (("first", world.FIRST), ("whole", world.WHOLE))


@pytest.fixture(scope="module")
def ours(make_engine, raw, tmp_path_factory):
    """What DuckDB holds after a full build and after an incremental one, each in a file."""
    folder, sources = raw
    found = {}
    engine = make_engine("DuckDB")
    for part, as_of in STEPS:
        build(engine, folder, sources, part, as_of)
        found[part] = tmp_path_factory.mktemp("built") / "warehouse.duckdb"
        keep(engine.warehouse, found[part])
    return found


def keep(warehouse, file):
    """Write every relation as a table, so that a view is read once and not for every engine."""
    listed = relations(warehouse)
    with duckdb.connect(str(file)) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach '{warehouse}' as built (read_only)")
        for schema in {schema for schema, _ in listed}:
            connection.execute(f"create schema {schema}")
        for schema, table in listed:
            connection.execute(f"create table {schema}.{table} as from built.{schema}.{table}")


def build(engine, folder, sources, part, as_of):
    engine.variables["event_sources"] = sources
    engine.load(folder / part)
    engine.dbt("build", "--exclude-resource-type", "unit_test", "test", as_of=as_of)


@pytest.mark.parametrize("name", ["PostgreSQL", "Spark"])
def test_every_relation_is_equal(ours, make_engine, raw, tmp_path, capsys, name):
    """After a full build, and after one that goes on from it."""
    folder, sources = raw
    engine = make_engine(name)
    wrong, lines = [], []
    for part, as_of in STEPS:
        began = engine.seconds
        build(engine, folder, sources, part, as_of)
        found, count = differences(ours[part], engine, tmp_path / part)
        wrong += [entry for entry in found if entry.relation not in EXCEPTIONS]
        lines.append(
            f"{engine.name} {engine.version}, {part}: {count - len(found)} of {count} relations "
            f"equal, built in {engine.seconds - began:.0f} s"
        )
    with capsys.disabled():
        print("", *lines, sep="\n  ")
    assert wrong == []
    assert count > 140


@pytest.mark.parametrize("name", ["PostgreSQL", "Spark"])
def test_unit_tests_pass(make_engine, ours, name):
    """On the tables that were built above, from which dbt takes the types of its rows.

    DuckDB's pass in tests/python/test_pipeline.py.
    """
    engine = make_engine(name)
    left_out = [*UNIT_EXCEPTIONS.get(name, ())]
    # Spark takes seconds for each. A segment compares numbers and instants, the same everywhere;
    # what staging reads is compared above, odd values and all, and in test_conformance.py.
    left_out += ["path:models/marts/segments", "path:models/staging"] if name == "Spark" else []
    nodes = engine.dbt(
        "test", "--select", "test_type:unit", "--exclude", *left_out, as_of=world.WHOLE
    )
    failed = [(node.name, node.message) for node in nodes if node.status not in ("pass", "success")]
    assert failed == []
    assert len(nodes) + len(left_out) > (80 if name == "Spark" else 170)


def test_files_whose_rows_cannot_be_replaced_are_refused(make_engine, monkeypatch):
    engine = make_engine("Spark")
    monkeypatch.setenv("SPARK_FILE_FORMAT", "parquet")
    with pytest.raises(DbtFailed, match="Set SPARK_FILE_FORMAT to iceberg, delta or hudi"):
        engine.dbt("compile", "--select", "int_events", as_of=world.WHOLE)


def test_a_difference_is_found(ours, make_engine):
    """One changed row in one relation is a difference."""
    changed = ours["whole"]
    engine = make_engine("DuckDB")
    with duckdb.connect(str(engine.warehouse)) as connection:
        connection.execute(
            """
            update marts.profile_traits set fit_score = fit_score + 1
            where profile_id = (select min(profile_id) from marts.profile_traits)
            """
        )
    found, _ = differences(changed, engine, changed.parent / "compared")
    # Views over the table differ with it.
    assert "marts.profile_traits" in {entry.relation for entry in found}
    assert {entry.relation.partition(".")[0] for entry in found} <= {"marts", "segments"}
