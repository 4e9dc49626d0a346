"""The program that writes the list of segments in the roll-up."""

import shutil

import pytest

from scripts.audiences import main
from scripts.dbt_runner import PROJECT
from scripts.roll_up import ROLL_UP, SEGMENTS, RollUpError, segment_names, with_names, write_roll_up


@pytest.fixture
def project(tmp_path):
    """Only what the program reads."""
    for part in (SEGMENTS, ROLL_UP.parent):
        shutil.copytree(PROJECT / part, tmp_path / part)
    return tmp_path


def test_the_list_of_the_project_is_up_to_date():
    assert write_roll_up(PROJECT, check=True) == []


def test_a_new_segment_is_added_and_a_deleted_one_removed(project):
    before = (project / ROLL_UP).read_text()
    (project / SEGMENTS / "research" / "readers.sql").write_text("select 1")
    (project / SEGMENTS / "returns" / "hot_returners.sql").unlink()
    assert write_roll_up(project, check=True) == ["+readers", "-hot_returners"]
    assert (project / ROLL_UP).read_text() == before, "a check writes nothing"
    assert write_roll_up(project) == ["+readers", "-hot_returners"]
    assert write_roll_up(project) == []
    after = (project / ROLL_UP).read_text()
    assert after.replace("        'readers',\n", "") == before.replace(
        "        'hot_returners',\n", ""
    )
    assert after.index("'reactivated_visitors'") < after.index("'readers'")


def test_a_segment_that_is_switched_off_is_left_out(project):
    folder = project / SEGMENTS / "research"
    (folder / "off.sql").write_text("{{ config(enabled=false) }}\nselect 1")
    (folder / "idle.sql").write_text("select 1")
    (folder / "idle.yml").write_text("models: [{name: idle, config: {enabled: false}}]")
    (folder / "empty.yml").write_text("")
    assert write_roll_up(project) == []
    assert {"off", "idle"}.isdisjoint(segment_names(project))


def test_a_list_in_an_order_of_its_own_stays_and_doubles_go():
    text = "{%\n    set segments = [\n        'b',\n        'a',\n    ]\n%}\n"
    assert with_names(text, ["a", "b"]) == (text, [])
    doubled = text.replace("'a',", "'a',\n        'b',")
    assert with_names(doubled, ["a", "b"]) == (
        text.replace("'b',\n        'a'", "'a',\n        'b'"),
        ["-b"],
    )


def test_what_cannot_be_written_is_an_error_that_says_why(project, tmp_path):
    (project / ROLL_UP).write_text("select 1")
    with pytest.raises(RollUpError, match=r"has no list that begins with `set segments = \[`"):
        write_roll_up(project)
    with pytest.raises(RollUpError, match="is missing: run this in a copy of the whole project"):
        write_roll_up(tmp_path / "nowhere")


def test_the_command_says_what_it_does(project, monkeypatch, capsys):
    monkeypatch.chdir(project)
    assert main(["roll-up", "--check"]) == 0
    assert capsys.readouterr().out == ""
    (project / SEGMENTS / "research" / "readers.sql").write_text("select 1")
    assert main(["roll-up", "--check"]) == 1
    assert capsys.readouterr().out == (
        f"+ readers\n{ROLL_UP} is out of date: run `audiences roll-up`.\n"
    )
    assert main(["roll-up"]) == 0
    assert capsys.readouterr().out == "+ readers\n"
    assert main(["roll-up", "--check"]) == 0
    (project / ROLL_UP).unlink()
    assert main(["roll-up"]) == 2
    assert "is missing" in capsys.readouterr().err
