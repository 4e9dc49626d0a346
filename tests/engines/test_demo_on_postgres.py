"""The demo's data give the same rows on PostgreSQL, relation by relation, and unit tests pass."""

import duckdb

from dev import make_demo_data

from . import world
from .test_same_answer import build, differences

SOURCES = ["segment", "email", "hubspot"]


def test_every_relation_of_the_demo_is_equal(make_engine, tmp_path, capsys):
    files = tmp_path / "files"
    assert (
        make_demo_data.main(["--people", "300", "--as-of", world.WHOLE, "--out", str(files)]) == 0
    )
    world.write_tables(files, SOURCES, tmp_path)
    ours, theirs = (make_engine(name, "demo") for name in ("DuckDB", "PostgreSQL"))
    for engine in (ours, theirs):
        build(engine, tmp_path, SOURCES, "whole", world.WHOLE)
    found, count = differences(ours.warehouse, theirs, tmp_path / "compared")
    with capsys.disabled():
        print(
            f"\n  {theirs.name} {theirs.version}: {count - len(found)} of {count} relations equal, "
            f"built in {theirs.seconds:.0f} s (DuckDB {ours.seconds:.0f} s)"
        )
    assert found == []
    assert count > 140
    nodes = theirs.dbt("test", "--select", "test_type:unit", as_of=world.WHOLE)
    assert {
        node.name: node.status for node in nodes if node.status not in ("pass", "success")
    } == {}
    assert len(nodes) > 170
    # A changed row is found.
    with duckdb.connect(str(ours.warehouse)) as connection:
        connection.execute("update marts.segment_catalog set priority = priority + 1")
    found, _ = differences(ours.warehouse, theirs, tmp_path / "compared again")
    assert {entry.relation for entry in found} == {"marts.segment_catalog"}
