"""A source is its folder and its name in event_sources: adding one, switching one off and on."""

import json
import re
import shutil
from dataclasses import replace

import duckdb
import pytest

from dev.project_copy import copy_of_files
from scripts import dbt_runner
from scripts.dbt_runner import PROJECT, DbtFailed
from scripts.validate import validate

AS_OF = "2026-06-30T00:00:00Z"
PAGE = PROJECT / "docs/adding-a-source.md"
HEADER = "event_id,event_name,occurred_at,email\n"


def blocks(text):
    """The files that a page asks for: path and content of each code block."""
    return dict(re.findall(r"`(models/[\w/.]+)`[^\n]*\n\n```\w+\n(.*?)```", text, re.DOTALL))


def set_sources(folder, line):
    """Edit var event_sources in dbt_project.yml, and nothing else."""
    settings = folder / "dbt_project.yml"
    edited, count = re.subn(
        r"^  event_sources: .*$", f"  {line.strip()}", settings.read_text(), flags=re.MULTILINE
    )
    assert count == 1
    settings.write_text(edited)


def staged(project):
    """The sources that are on, by their models and by their raw tables."""
    manifest = json.loads((project.target_path / "manifest.json").read_text())
    models = {
        node["fqn"][2]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and "staging" in node["fqn"]
    }
    sources = {source["source_name"] for source in manifest["sources"].values()}
    parents = manifest["parent_map"]["model.audience_engine.int_events_unioned"]
    read = {re.search(r"stg_(\w+?)__events", parent).group(1) for parent in parents}
    assert models == sources == read
    return models


@pytest.fixture
def own_copy(make_project, tmp_path, monkeypatch):
    """A copy of the project that a test may edit, over an empty folder of raw files.

    It gets new models of sources, which dbt must not overlook: nothing of the project's own parse.
    """
    monkeypatch.setattr(dbt_runner, "parses_left_in", None)
    return replace(
        make_project(tmp_path / "raw", as_of=AS_OF),
        project_dir=copy_of_files(tmp_path / "copy"),
        target_path=tmp_path / "target",
    )


def write_events(raw, text):
    folder = raw / "events" / "events"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rows.csv").write_text(HEADER + text)


def test_the_worked_example_holds(own_copy):
    """The source of docs/adding-a-source.md: files, name, seed lines, build."""
    page = PAGE.read_text()
    folder = own_copy.project_dir
    for path, content in blocks(page).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(content)
    assert len(blocks(page)) == len(list((folder / "models/staging/webinar").iterdir())) == 4
    for seed, line in re.findall(r"`seeds/(\w+)\.csv`: `([^`]+)`", page):
        path = folder / "seeds" / f"{seed}.csv"
        path.write_text(path.read_text() + line + "\n")
    (line,) = re.findall(r"^  event_sources: .*$", page, re.MULTILINE)
    set_sources(folder, line)
    own_copy.dbt("parse")
    assert staged(own_copy) == {"segment", "email", "hubspot", "webinar"}

    attendances = own_copy.raw / "webinar" / "attendances"
    attendances.mkdir(parents=True)
    (attendances / "one.csv").write_text(
        "id,email,name,webinar,joined_at\na1, ANA@example.com ,Ana,pricing,2026-06-01T10:00:00Z\n"
    )
    (sources,) = re.findall(r"make build SOURCES=(\w+)", page)
    own_copy.dbt("build", "--exclude-resource-type", "unit_test", event_sources=sources)
    assert own_copy.rows(
        "select email, first_name, engagement_score from activation.crm_contacts"
    ) == [("ana@example.com", "Ana", 1)]
    assert own_copy.rows("select source, kept_count from marts.event_intake") == [("webinar", 1)]
    # Its YAML is all that the validation needs.
    (suite,) = validate(
        warehouse=own_copy.warehouse, target_path=own_copy.target_path, as_of="2026-06-02",
        scope="inputs", write=False,
    ).suites  # fmt: skip
    assert (suite.name, suite.status, suite.rows) == ("webinar.attendances", "ok", 1)
    assert {check.name for check in suite.checks} == {
        "columns", "row_count", "duplicates", "freshness", "missing_ids", "unreadable_times",
        "missing_identifiers",
    }  # fmt: skip


def test_editing_event_sources_is_enough(own_copy):
    set_sources(own_copy.project_dir, "event_sources: [events]")
    own_copy.dbt("parse")
    assert staged(own_copy) == {"events"}
    # On a command line, text with commas.
    own_copy.dbt("parse", event_sources="events, shop")
    assert staged(own_copy) == {"events", "shop"}


def test_a_source_without_events_needs_one_that_has_them(own_copy):
    notes = own_copy.project_dir / "models/staging/notes"
    notes.mkdir()
    (notes / "stg_notes__people.sql").write_text("select 'ana@example.com' as email\n")
    with pytest.raises(DbtFailed, match=r"none of the sources in .* \(notes\) has events"):
        own_copy.dbt("parse", event_sources=["notes"])


def test_a_source_that_forgets_to_ask_is_named(own_copy):
    """A folder whose files do not look at event_sources would be built whatever it says."""
    models = own_copy.project_dir / "models/staging/shop/_shop__models.yml"
    models.write_text(re.sub(r"(?m)^    config: .*\n", "", models.read_text()))
    sources = own_copy.project_dir / "models/staging/shop/_shop__sources.yml"
    sources.write_text(re.sub(r"      enabled: .*\n", "", sources.read_text()))
    write_events(own_copy.raw, "e1,identified,2026-06-01,ana@example.com\n")
    with pytest.raises(DbtFailed, match="models/staging/shop is switched on, but") as failure:
        own_copy.dbt("run", "--select", "int_events_unioned", event_sources=["events"])
    assert "{{ 'shop' in var('event_sources') }}" in str(failure.value)


def test_a_model_that_came_later_is_not_overlooked(own_copy):
    """dbt reads only files that changed, so a run must notice that others need a second look."""
    write_events(own_copy.raw, "e1,identified,2026-06-01,ana@example.com\n")
    set_sources(own_copy.project_dir, "event_sources: [events]")
    select = ("run", "--select", "+int_people_stated")
    own_copy.dbt(*select)
    assert own_copy.value("select count(*) from intermediate.int_people_stated") == 0

    people = blocks(PAGE.read_text())["models/staging/webinar/stg_webinar__people.sql"]
    for old, new in (
        ("source('webinar', 'attendances')", "ref('stg_events__events')"),
        ("clean_text('name')", "clean_text(\"'Ana'\")"),
        ("utc_timestamp('joined_at')", "'occurred_at'"),
        ("utc_timestamp('exported_at')", "'loaded_at'"),
    ):
        assert old in people
        people = people.replace(old, new)
    (own_copy.project_dir / "models/staging/events/stg_events__people.sql").write_text(people)
    with pytest.raises(DbtFailed, match="Run `dbt parse --no-partial-parse` once"):
        own_copy.dbt(*select)
    own_copy.dbt("parse", "--no-partial-parse")
    own_copy.dbt(*select)
    assert own_copy.rows("select email, first_name from intermediate.int_people_stated") == [
        ("ana@example.com", "Ana")
    ]


def test_a_source_that_is_switched_off_counts_nowhere_and_can_come_back(
    demo, make_project, tmp_path
):
    """First the demo, then only events of one's own, then both."""
    project = make_project(tmp_path / "raw", as_of=AS_OF)
    project.warehouse.write_bytes(demo.warehouse.read_bytes())
    people = set(project.rows("select profile_id from marts.profiles"))
    assert len(people) > 1000
    kept = dict(project.rows("select source, kept_count from marts.event_intake"))
    unidentified = dict(
        project.rows(
            """
            select source, count(*) from intermediate.int_events_identified
            where identifier_type is null group by source
            """
        )
    )

    write_events(
        project.raw,
        "e1,identified,2026-06-29T10:00:00Z,ana@own.example\n"
        "e2,content_downloaded,2026-06-29T11:00:00Z,ben@own.example\n",
    )
    nodes = project.dbt("build", "--exclude-resource-type", "unit_test", event_sources=["events"])
    mine = {"ana@own.example", "ben@own.example"}
    for query in (
        "select email from marts.profiles",
        "select email from activation.crm_contacts",
        "select distinct email from marts.segment_memberships inner join marts.profiles "
        "using (profile_id)",
    ):
        found = {email for (email,) in project.rows(query)}
        assert found <= mine, query
        assert found, query
    assert project.value("select count(*) from marts.profiles") == 2
    assert project.rows(
        "select * exclude (last_loaded_at) from marts.event_intake where source = 'events'"
    ) == [("events", 2, 2, 0, 0, 0, 0)]
    # The intake says how many events do not count, and a test warns.
    assert dict(
        project.rows(
            """
            select source, retired_count from marts.event_intake
            where source <> 'events'
                and delivered_count + kept_count + duplicate_count + quarantined_count
                    + withdrawn_count = 0
            """
        )
    ) == {source: count + unidentified.get(source, 0) for source, count in kept.items()}
    statuses = {node.name: node.status for node in nodes}
    assert statuses["sources_are_switched_off"] == "warn"
    # Events that nobody counts are no reason to count them as lost.
    assert statuses["events_are_neither_lost_nor_doubled"] == "pass"

    (project.raw / "events").rename(tmp_path / "events")
    for source in ("segment", "email", "hubspot"):
        (project.raw / source).symlink_to(demo.raw / source)
    (tmp_path / "events").rename(project.raw / "events")
    project.dbt(
        "run", "--select", "+profiles", "+event_intake",
        event_sources=["segment", "email", "hubspot", "events"],
    )  # fmt: skip
    back = set(project.rows("select profile_id from marts.profiles"))
    assert people < back
    assert len(back - people) == 2
    assert dict(
        project.rows("select source, kept_count from marts.event_intake where retired_count = 0")
    ) == {**kept, "events": 2}


def test_an_event_that_the_intake_overlooks_is_found(demo, make_project):
    project = make_project(demo.raw, **demo.variables)
    shutil.copy(demo.warehouse, project.warehouse)
    with duckdb.connect(str(project.warehouse)) as connection:
        connection.execute(
            "insert into intermediate.int_events "
            "select * replace ('nobody' as source) from intermediate.int_events limit 1"
        )
    with pytest.raises(DbtFailed) as failure:
        project.dbt("test", "--select", "events_are_neither_lost_nor_doubled")
    assert "    source=nobody  delivered_count=null" in failure.value.output
    assert "remembered_count=1" in failure.value.output


def test_few_models_read_what_int_events_remembers(demo):
    """Whoever reads int_events sees sources that are switched off: the intake, and what bars."""
    manifest = json.loads((demo.target_path / "manifest.json").read_text())
    children = manifest["child_map"]["model.audience_engine.int_events"]
    assert {child.split(".")[2] for child in children if child.startswith("model.")} == {
        "int_events_enabled",
        "int_events_withdrawn",
        "int_email_machines_found",
        "int_addresses_closed",
        "event_intake",
        "int_profile_suppressions",
    }
