"""`audiences build`: one screen about one's own data, beside the demo and with the real clock."""

import re
import shutil
import subprocess
from datetime import UTC, datetime
from types import SimpleNamespace

import duckdb
import pytest

from dev import demo, make_demo_data
from dev.project_copy import copy_of_files
from scripts import audiences
from scripts.build import offending_rows, plain, prepare
from scripts.dbt_runner import PROJECT, DbtFailed, Node
from scripts.roll_up import ROLL_UP, SEGMENTS

from .conftest import AS_OF

TWO_PEOPLE = """\
event_id,event_name,occurred_at,user_id,email,page_url
e1,page_viewed,{at},u1,ann@example.com,https://example.com/pricing
e2,page_viewed,{at},u2,bob@example.com,https://example.com/
"""
BROKEN_TEST = """\
select 'ann' as person, 7 as faults
union all select 'bob', 8
"""


def call(capsys, *arguments):
    """Run the program; exit code, and what it printed."""
    capsys.readouterr()
    code = audiences.main(["build", *arguments])
    return SimpleNamespace(code=code, **capsys.readouterr()._asdict())


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project with two people in its data/raw."""
    folder = copy_of_files(tmp_path_factory.mktemp("copy") / "project")
    raw = folder / "data" / "raw" / "events" / "events"
    raw.mkdir(parents=True)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    (raw / "mine.csv").write_text(TWO_PEOPLE.format(at=now))
    return folder


@pytest.fixture
def here(project, monkeypatch):
    """The copy as the current folder, 80 columns wide."""
    monkeypatch.chdir(project)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("AUDIENCE_WAREHOUSE", "AUDIENCE_LEDGER", "DBT_TARGET_PATH"):
        monkeypatch.delenv(name, raising=False)
    return project


def test_a_build_with_the_real_clock_and_the_demo_stand_each_other(here, capsys):
    done = call(capsys, "--sources", "events")
    assert done.code == 0, done.out
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 45
    assert re.search(r"✓ dbt build: \d+ models built, \d+ tests passed", done.out)
    assert "✓ Validate what came in and what leaves: 3 tables" in done.out
    assert re.search(r"events +2 +2 +0 +0 +2", done.out)
    assert "2 profiles" in done.out
    rest = len(list((PROJECT / SEGMENTS).rglob("*.sql"))) - 9
    assert f"and {rest} more: audiences segments" in done.out
    assert "unit_test" not in done.out and done.out.count("sales_ready") == 1

    assert demo.main(["--people", "60"]) == 0
    capsys.readouterr()
    again = call(capsys, "--sources", "events")
    assert again.code == 0
    assert re.search(r"events +2 +2 +0 +0 +0", again.out)
    assert "2 profiles" in again.out
    with duckdb.connect("data/warehouse.duckdb", read_only=True) as warehouse:
        assert warehouse.execute("select count(*) from marts.profiles").fetchone() == (2,)

    # A second demo finds its own files, and nobody of the build.
    assert demo.main(["--people", "60"]) == 0
    assert "Since the last run nothing changed." in capsys.readouterr().out


def test_a_failed_test_is_shown_with_its_rows(here, capsys):
    broken = here / "tests" / "integrity" / "nobody_has_faults.sql"
    broken.write_text(BROKEN_TEST)
    try:
        done = call(capsys, "--sources", "events", "--select", "nobody_has_faults")
    finally:
        broken.unlink()
    assert done.code == 1
    assert "✗ dbt build: 1 failed" in done.out
    assert "test nobody_has_faults  tests/integrity/nobody_has_faults.sql" in done.out
    assert "Got 2 results" in done.out
    assert "person: ann, faults: 7" in done.out and "person: bob, faults: 8" in done.out
    assert "docs/operating.md" in done.out


def test_what_the_build_is_told_reaches_dbt(here, capsys):
    target = here / "elsewhere"
    done = call(
        capsys,
        "--vars", "{event_sources: [events], event_overlap_days: 7}",
        "--select", "stg_events__events", "--full-refresh",
        "--target-path", str(target), "--warehouse", str(here / "part.duckdb"),
        "--as-of", AS_OF,
    )  # fmt: skip
    assert done.code == 0, done.out
    assert re.search(r"✓ dbt build: 1 models? built", done.out)
    assert "Only a part was built" in done.out
    assert (target / "manifest.json").is_file()
    with duckdb.connect(str(here / "part.duckdb"), read_only=True) as warehouse:
        assert warehouse.execute("select count(*) from staging.stg_events__events").fetchone()


def test_what_cannot_start_says_why(here, capsys):
    done = call(capsys, "--sources", "segment", "--target-path", "other")
    assert done.code == 1
    text = " ".join(done.out.split())
    assert "✗ dbt build" in text
    assert "source 'segment' is listed in var event_sources but has no files" in text


def test_an_old_demo_among_ones_own_files_is_refused(here, capsys):
    planted = here / "data" / "raw" / "_planted"
    planted.mkdir()
    try:
        done = call(capsys)
    finally:
        planted.rmdir()
    assert done.code == 2
    assert "the made people of an older demo" in done.err
    assert "rm -r data/raw data/warehouse.duckdb" in done.err
    assert done.out == ""


def test_the_demos_warehouse_is_no_place_for_ones_own_files(here, capsys, monkeypatch):
    monkeypatch.setenv("AUDIENCE_WAREHOUSE", "data/demo/warehouse.duckdb")
    done = call(capsys)
    assert done.code == 2
    assert "data/demo/warehouse.duckdb is the demo's: it remembers people" in done.err


def test_files_are_made_ready_before_dbt_reads_them(tmp_path):
    roll_up = tmp_path / ROLL_UP
    roll_up.parent.mkdir(parents=True)
    roll_up.write_text("set segments = [\n    ]\n")
    segment = tmp_path / SEGMENTS / "research" / "readers.sql"
    segment.parent.mkdir(parents=True)
    segment.write_text("select 1")
    assert prepare(tmp_path) == [
        "profiles.yml was made from profiles.example.yml",
        f"+readers in {ROLL_UP}",
    ]
    assert (tmp_path / "profiles.yml").is_file()
    assert "'readers'," in roll_up.read_text()
    assert prepare(tmp_path) == []


def test_messages_of_dbt_are_plain():
    assert plain("[\x1b[33mWARNING\x1b[0m]: a\n  b") == "a b"


def test_rows_that_cannot_be_read_are_left_out(tmp_path):
    test = Node("t", "test", "fail", 0.0, "", sql="select 1 as x")
    assert offending_rows(tmp_path / "none.duckdb", test) == []
    duckdb.connect(str(tmp_path / "some.duckdb")).close()
    assert offending_rows(tmp_path / "some.duckdb", test) == ["x: 1"]
    assert offending_rows(tmp_path / "some.duckdb", Node("t", "test", "fail", 0.0, "")) == []


def test_a_failed_build_has_an_exit_code():
    assert DbtFailed("no", []).exit_code == 1


def test_made_data_goes_to_the_demos_folder():
    parser = make_demo_data._parser()
    assert str(parser.parse_args([]).out) == "data/demo/raw"


def test_cleaning_leaves_the_data_alone(project):
    """What the targets remove, read from the Makefile and done in a copy."""
    shutil.copy(PROJECT / "Makefile", project / "Makefile")
    (project / "data" / "demo").mkdir(parents=True, exist_ok=True)
    (project / "target").mkdir(exist_ok=True)
    own = project / "data" / "raw" / "events" / "events" / "mine.csv"
    subprocess.run(["make", "clean"], cwd=project, check=True)
    assert not (project / "target").exists()
    assert own.is_file() and (project / "data" / "demo").is_dir()
    subprocess.run(["make", "clean-demo"], cwd=project, check=True)
    assert own.is_file() and not (project / "data" / "demo").exists()
