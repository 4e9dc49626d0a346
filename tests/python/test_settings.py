"""The vars: every one is read and documented, and a misspelt one is an error."""

import re

import pytest
import yaml

from scripts.dbt_runner import PROJECT, DbtFailed

SET = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
CODE = {
    path: path.read_text()
    for name in ("models", "macros", "tests")
    for path in (PROJECT / name).rglob("*")
    if path.suffix in (".sql", ".yml")
}
READ = {name for text in CODE.values() for name in re.findall(r"\bvar\(\s*[\"'](\w+)", text)}
# The clock is asked for on the command line and set nowhere.
ASKED = {"as_of"}


def test_every_var_is_read():
    assert set(SET) - READ == set()


def test_every_var_that_is_read_is_set_or_has_one_default():
    """A default stands in one file, so that it cannot differ from itself."""
    for name in sorted(READ - set(SET) - ASKED):
        readers = [
            path for path, text in CODE.items() if re.search(rf"\bvar\(\s*[\"']{name}[\"']", text)
        ]
        assert len(readers) == 1, name
        assert re.search(rf"\bvar\(\s*[\"']{name}[\"'], ", CODE[readers[0]]), name


def test_every_var_that_is_read_is_documented():
    pages = "\n".join(page.read_text() for page in (PROJECT / "docs").glob("*.md"))
    assert [name for name in sorted(READ) if f"`{name}" not in pages] == []


def test_a_var_that_nothing_reads_stops_the_run(make_project):
    project = make_project(event_sources=["events"])
    folder = project.raw / "events" / "events"
    folder.mkdir(parents=True)
    (folder / "one.csv").write_text("event_id,event_name,occurred_at\ne1,identified,2026-06-01\n")
    with pytest.raises(DbtFailed, match="--vars sets 'as_off', which nothing reads") as failure:
        project.dbt("run", "--select", "int_events_unioned", as_off="2026-06-30")
    assert " as_of, " in str(failure.value)
    assert " future_tolerance_hours, " in str(failure.value)
    assert " snowplow_excluded_app_ids, " in str(failure.value)
