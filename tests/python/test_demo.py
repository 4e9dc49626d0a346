"""`make demo`, twice: the second time nothing changes, and the user's own data never does."""

import contextlib
import io
import json

import duckdb
import pytest

from dev import demo
from dev.demo_data.files import version
from scripts import audiences, build
from scripts.dbt_runner import DbtFailed

# What a user has before the first demo, and must have after it.
OWN_FILES = {
    "data/raw/segment/pages/mine.csv": "id,anonymous_id,received_at,timestamp\n",
    "data/warehouse.duckdb": "a warehouse",
    "data/ledger.duckdb": "a ledger",
    "data/validation.json": "{}",
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folder and what two runs printed on 80 columns, beside files of the user's own."""
    folder = tmp_path_factory.mktemp("user")
    for name, text in OWN_FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "80")
        patch.chdir(folder)
        outputs = []
        for _ in range(2):
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                assert demo.main(["--people", "200"]) == 0
            outputs.append(output.getvalue())
    return folder, *outputs


def test_the_first_run_says_everything(runs):
    folder, first, _ = runs
    for word in ("segment", "email", "hubspot", "quarantined", "sales_ready", "profiles", "pushed"):
        assert word in first
    assert "This was the first run" in first
    assert "✗" not in first
    with duckdb.connect(str(folder / "data/demo/warehouse.duckdb"), read_only=True) as warehouse:
        contacts = warehouse.execute("select count(*) from activation.crm_contacts").fetchone()[0]
    assert f"{contacts:,} contacts written" in first


def test_it_fits_the_screen_and_lists_the_core_segments(runs):
    folder, first, _ = runs
    lines = first.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 40
    with duckdb.connect(str(folder / "data/demo/warehouse.duckdb"), read_only=True) as warehouse:
        segments = warehouse.execute(
            "select segment, is_core from marts.segment_catalog"
        ).fetchall()
    listed = {line.split()[0] for line in lines if line.startswith(" ") and line.split()}
    for segment, is_core in segments:
        assert (segment in listed) == is_core, segment
    others = sum(not is_core for _, is_core in segments)
    assert f"and {others} more: audiences segments --warehouse data/demo/warehouse.duckdb" in lines


def test_the_command_it_names_lists_all_segments(runs, monkeypatch, capsys):
    folder, *_ = runs
    monkeypatch.chdir(folder)
    assert audiences.main(["segments", "--warehouse", "data/demo/warehouse.duckdb"]) == 0
    text = capsys.readouterr().out
    assert "sales_ready" in text and "disqualified" in text


def test_nothing_of_the_user_is_touched(runs):
    folder, *_ = runs
    found = {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_relative_to(folder / "data/demo")
    }
    assert found == OWN_FILES


def test_the_second_run_pushes_nothing(runs):
    _, _, second = runs
    assert "nothing to push" in second
    assert "0 contacts written in 0 requests" in second
    assert "Since the last run nothing changed." in second


def test_a_failed_validation_stops_the_push(runs, capsys):
    folder = runs[0] / "data" / "demo"
    raw = folder / "raw" / "email" / "webhooks"
    with duckdb.connect() as connection:
        # One webhook in eight unreadable: no reason for a build to fail, but for the border check.
        connection.execute(
            f"""
            copy (
                select provider, received_at, 'not json' as payload
                from read_parquet('{raw}/*.parquet')
                qualify row_number() over () % 7 = 0
            ) to '{raw}/zz-broken.parquet'
            """
        )
    assert demo.main(["--folder", str(folder)]) == 4
    output = capsys.readouterr().out
    assert "Nothing was pushed" in output
    (raw / "zz-broken.parquet").unlink()


def test_a_failed_build_says_why(tmp_path, capsys):
    (tmp_path / "raw" / "_planted").mkdir(parents=True)
    (tmp_path / "raw" / "_planted" / "manifest.json").write_text(
        json.dumps(
            {"version": version(), "arguments": {"as_of": "2026-06-30T00:00:00Z"}, "files": []}
        )
    )
    assert demo.main(["--folder", str(tmp_path)]) == 1
    output = " ".join(capsys.readouterr().out.split())
    assert "has no files for table" in output
    assert "event_sources" in output


def test_data_of_an_older_version_is_made_again(tmp_path, monkeypatch, capsys):
    manifest = tmp_path / "raw" / "_planted" / "manifest.json"
    manifest.parent.mkdir(parents=True)
    older = {"arguments": {"as_of": "2020-01-01T00:00:00Z"}, "files": ["_planted/manifest.json"]}
    manifest.write_text(json.dumps(older))
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as warehouse:
        warehouse.execute("create schema marts; create table marts.segment_catalog (segment text)")
    asked = []

    def stop(*arguments, variables, **_):
        asked.extend([*arguments, variables["as_of"]])
        raise DbtFailed("stop here", [])

    monkeypatch.setattr(build, "run_dbt", stop)
    assert demo.main(["--folder", str(tmp_path), "--people", "5"]) == 1
    assert "those of an older version are gone" in " ".join(capsys.readouterr().out.split())
    assert {"--full-refresh", demo.AS_OF} <= set(asked)
    assert json.loads(manifest.read_text())["version"] == version()
