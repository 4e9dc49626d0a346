"""`make demo`, twice: the second time nothing changes and nothing is pushed again."""

import contextlib
import io
import json

import duckdb
import pytest

from dev import demo
from dev.demo_data.files import version
from scripts.dbt_runner import DbtFailed


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folder and what two runs printed; the second run finds a wide terminal."""
    folder = tmp_path_factory.mktemp("demo_folder")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "120")
        outputs = []
        for _ in range(2):
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                assert demo.main(["--folder", str(folder), "--people", "200"]) == 0
            outputs.append(output.getvalue())
    return folder, *outputs


def test_the_first_run_says_everything(runs):
    folder, first, _ = runs
    for word in ("segment", "email", "hubspot", "quarantined", "sales_ready", "profiles", "pushed"):
        assert word in first
    assert "This was the first run" in first
    assert "✗" not in first
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as warehouse:
        contacts = warehouse.execute("select count(*) from activation.crm_contacts").fetchone()[0]
    assert f"{contacts:,} contacts written" in first


def test_the_second_run_pushes_nothing(runs):
    _, _, second = runs
    assert "nothing to push" in second
    assert "0 contacts written in 0 requests" in second
    assert "Since the last run nothing changed." in second


def test_a_failed_validation_stops_the_push(runs, capsys):
    folder, _, _ = runs
    raw = folder / "raw" / "email" / "webhooks"
    with duckdb.connect() as connection:
        # Every second webhook unreadable: the border check must hold this up.
        connection.execute(
            f"""
            copy (
                select provider, received_at, 'not json' as payload
                from read_parquet('{raw}/*.parquet')
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
        json.dumps({"version": version(), "arguments": {"as_of": "2026-06-30T00:00:00Z"}})
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

    monkeypatch.setattr(demo, "run_dbt", stop)
    assert demo.main(["--folder", str(tmp_path), "--people", "5"]) == 1
    assert "those of an older version are gone" in " ".join(capsys.readouterr().out.split())
    assert {"--full-refresh", demo.AS_OF} <= set(asked)
    assert json.loads(manifest.read_text())["version"] == version()
