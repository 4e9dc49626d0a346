"""What a BI tool sees: views that answer wherever the file lies, and comments on every column."""

import shutil
from dataclasses import replace

import duckdb
import pytest

from dev.project_copy import copy_of_files
from scripts.dbt_runner import PROJECT

OUTSIDE = ("marts", "segments", "activation")


@pytest.fixture
def attached(demo, tmp_path, monkeypatch):
    """The built demo, copied to another name and attached under a third from another folder."""
    shutil.copy(demo.warehouse, tmp_path / "copy of today.duckdb")
    monkeypatch.chdir("/")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{tmp_path}/copy of today.duckdb' as lookout (read_only)")
        yield connection


def test_every_view_answers_in_a_copy(attached):
    views = attached.execute(
        "select schema_name, view_name from duckdb_views() "
        "where not internal and database_name = 'lookout'"
    ).fetchall()
    schemas = {schema for schema, _ in views}
    assert {"raw_segment", "staging", "intermediate", "segments"} <= schemas
    for schema, view in views:
        attached.execute(f'select * from lookout."{schema}"."{view}" limit 1').fetchall()
    attached.execute("use lookout")
    assert attached.execute("select count(*) from segments.sales_ready").fetchone()[0] > 0


def test_no_view_names_its_file(demo):
    catalog = demo.warehouse.stem
    definitions = demo.rows("select view_name, sql from duckdb_views() where not internal")
    assert len(definitions) > 80
    assert [name for name, sql in definitions if f"{catalog}." in sql.replace('"', "")] == []


def test_raw_paths_are_full(compiled):
    def path(text):
        return compiled("{{ absolute_path('" + text + "') }}")

    assert path("data/raw") == f"{PROJECT}/data/raw"
    assert path("/srv/raw") == "/srv/raw"
    assert path("s3://bucket/raw") == "s3://bucket/raw"
    assert path("~/raw") == "~/raw"


def test_a_relative_raw_path_holds_from_everywhere(make_project, tmp_path, monkeypatch):
    """The default, data/raw, is relative to the project."""
    folder = copy_of_files(tmp_path / "copy")
    raw = folder / "data" / "raw" / "events"
    raw.mkdir(parents=True)
    (raw / "events").mkdir()
    (raw / "events" / "one.csv").write_text(
        "event_id,event_name,occurred_at,email\ne1,identified,2026-06-01,ana@example.com\n"
    )
    project = replace(
        make_project(event_sources=["events"]),
        raw="data/raw",
        project_dir=folder,
        target_path=tmp_path / "target",
    )
    # Custom materializations persist descriptions too, where they are asked to.
    settings = folder / "dbt_project.yml"
    text = settings.read_text()
    settings.write_text(
        text.replace(
            "      +schema: intermediate\n",
            "      +schema: intermediate\n      +persist_docs: {relation: true, columns: true}\n",
        )
    )
    assert settings.read_text() != text
    project.dbt(
        "build", "--select", "+int_identity_components_limited",
        "--exclude-resource-type", "test", "unit_test",
    )  # fmt: skip
    monkeypatch.chdir("/")
    assert project.rows("select email from staging.stg_events__events") == [("ana@example.com",)]
    comments = dict(
        project.rows(
            "select table_name, comment from duckdb_tables() where table_name in "
            "('int_identity_components', 'int_identity_components_limited')"
        )
    )
    assert len(comments) == 2
    assert all(comments.values())


def test_tables_views_and_columns_are_described(demo):
    """What is written in the property files stands beside each table in a BI tool."""
    relations = demo.rows(
        """
        select schema_name, table_name, comment from duckdb_tables()
        union all
        select schema_name, view_name, comment from duckdb_views()
        """
    )
    outside = [row for row in relations if row[0] in OUTSIDE]
    assert {schema for schema, *_ in outside} == set(OUTSIDE)
    assert [row for row in outside if not row[2]] == []
    columns = demo.rows(
        "select schema_name, table_name, column_name, comment from duckdb_columns() "
        "where not internal"
    )
    assert [row for row in columns if row[0] in OUTSIDE and not row[3]] == []
    described = {(row[1], row[2]): row[3] for row in columns if row[0] in OUTSIDE}
    assert described["sales_ready", "profile_id"].startswith("The person")
    assert described["event_intake", "delivered_count"].startswith("Events that the source")
