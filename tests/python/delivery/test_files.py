"""Files in a folder: whole, repeatable, and as a spreadsheet or a database reads them."""

import csv
import datetime
import hashlib
import json
import os
import re
import stat

import duckdb
import pytest

from scripts.delivery.destination import Record
from scripts.delivery.destinations.files import Files
from scripts.delivery.errors import ConfigError
from scripts.delivery.transport import Transport


def record(key, **values):
    return Record(key, None, values, values)


@pytest.fixture
def send(tmp_path):
    """Send one batch with these options and return the only file in the folder."""

    def send(operation, records, **options):
        files = Files({"folder": str(tmp_path / "out"), **options}, {})
        files.check()
        with Transport(files) as transport:
            outcomes = files.send(transport.call, operation, records)
        assert [outcome.state for outcome in outcomes] == ["delivered"] * len(records)
        (path,) = [path for path in (tmp_path / "out").iterdir() if path.suffix != ".json"]
        return path

    return send


def read_csv(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_an_add_has_operation_key_and_sorted_fields(send):
    path = send("add", [record("b", score=1.5, email="b@x.de"), record("a", email="a@x.de")])
    assert read_csv(path) == [
        ["operation", "key", "email", "score"],
        ["add", "a", "a@x.de", ""],
        ["add", "b", "b@x.de", "1.5"],
    ]
    assert re.fullmatch(r"files-\d{8}-000000-0001-add\.csv", path.name)


def test_an_update_carries_the_whole_record_and_empties_a_field(send):
    changed = Record("a", None, {"score": None, "plan": "pro"}, {"email": "a@x.de", "score": 3})
    assert read_csv(send("update", [changed])) == [
        ["operation", "key", "email", "plan", "score"],
        ["update", "a", "a@x.de", "pro", ""],
    ]


def test_a_remove_carries_only_the_key(send):
    gone = Record("a", None, {"email": None}, {"email": "a@x.de"})
    assert read_csv(send("remove", [gone])) == [
        ["operation", "key", "email"],
        ["remove", "a", ""],
    ]


def test_after_the_ledger_was_lost_no_file_is_written_over(tmp_path):
    names = set()
    for run_id in (1, 2, 1, 1):
        files = Files({"folder": str(tmp_path)}, {})
        files.begin("contacts", run_id)
        files.send(None, "remove", [record("a")])
        files.end()
        names.add(files.written[0]["name"])
    assert len(names) == 4


def test_a_run_is_files_in_order_and_a_manifest(tmp_path):
    files = Files({"folder": str(tmp_path)}, {})
    files.begin("contacts", 12)
    for operation, email in (("remove", "a@x.de"), ("update", "b@x.de"), ("add", "c@x.de")):
        files.send(None, operation, [record("a", email=email)])
        (manifest,) = tmp_path.glob("*.json")
        assert not json.loads(manifest.read_text())["complete"]
    files.end()
    listed = json.loads(manifest.read_text())
    day = f"{datetime.datetime.now(datetime.UTC):%Y%m%d}"
    names = [path.name for path in sorted(tmp_path.glob("*.csv"))]
    assert names == [
        f"contacts-{day}-000012-0001-remove.csv",
        f"contacts-{day}-000012-0002-update.csv",
        f"contacts-{day}-000012-0003-add.csv",
    ]
    assert listed["complete"] and [file["name"] for file in listed["files"]] == names
    for file in listed["files"]:
        content = (tmp_path / file["name"]).read_bytes()
        assert (file["rows"], file["sha256"]) == (1, hashlib.sha256(content).hexdigest())


def test_formulas_are_guarded_unless_they_are_to_stay(tmp_path):
    signs = ["=1+1", "+49", "-x", "@a", "\tb", "\rc", "\n=1", "＝1", "＋1", "－1", "＠a", "plain"]
    batch = [record(f"{i:02}", v=sign, n=-5) for i, sign in enumerate(signs)]
    guarded, plain = (
        Files({"folder": str(tmp_path / name), **options}, {})
        for name, options in (("guarded", {}), ("plain", {"guard_formulas": False}))
    )
    for files in (guarded, plain):
        files.send(None, "add", batch)
    [path] = plain.folder.glob("*.csv")
    assert [row[3] for row in read_csv(path)[1:]] == signs
    [path] = guarded.folder.glob("*.csv")
    rows = read_csv(path)[1:]
    assert [row[3] for row in rows] == [*(f"'{sign}" for sign in signs[:-1]), "plain"]
    assert {row[2] for row in rows} == {"-5"}, "a number is no formula"


def test_parquet_is_never_guarded_and_keeps_null_apart_from_nothing(send):
    batch = [record("a", v="=1+1"), record("b", v=None), record("c", v="")]
    path = send("add", batch, format="parquet", guard_formulas=True)
    rows = duckdb.sql(f"select key, v from '{path}' order by key").fetchall()
    assert rows == [("a", "=1+1"), ("b", None), ("c", "")]


def test_parquet_columns_have_the_kinds_that_the_options_give(send):
    columns = {"email": "text", "score": "number", "vip": "boolean", "at": "instant", "on": "date"}
    values = {"score": 3, "vip": True, "at": "2026-06-30T00:00:00.000Z", "on": "2026-06-30"}
    path = send("add", [record("a", **values)], format="parquet", columns=columns)
    schema = duckdb.sql(f"describe select * from '{path}'").fetchall()
    assert [(name, kind) for name, kind, *_ in schema] == [
        ("operation", "VARCHAR"),
        ("key", "VARCHAR"),
        ("at", "TIMESTAMP WITH TIME ZONE"),
        ("email", "VARCHAR"),
        ("on", "DATE"),
        ("score", "DOUBLE"),
        ("vip", "BOOLEAN"),
    ]
    row = duckdb.sql(f'select epoch("at"), email, "on", score, vip from \'{path}\'').fetchone()
    assert row == (1782777600.0, None, datetime.date(2026, 6, 30), 3.0, True)


def test_with_columns_every_file_has_the_same_ones(send):
    path = send("remove", [Record("a", None, {}, {})], columns={"b": "text", "a": "text"})
    assert read_csv(path)[0] == ["operation", "key", "a", "b"]


def test_awkward_text_survives(send):
    awkward = 'ü "quoted", with\nnewline; 漢'
    assert read_csv(send("add", [record("a", v=awkward)]))[1][2] == awkward


def test_a_large_batch(send):
    assert Files({}, {}).batch_size == 50_000
    batch = [record(f"{i:05}", email=f"p{i}@x.de", score=i) for i in range(50_000)]
    path = send("add", batch, format="parquet")
    assert duckdb.sql(f"select count(distinct key) from '{path}'").fetchone() == (50_000,)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_nothing_is_left_behind_when_writing_fails(tmp_path, monkeypatch, kind):
    files = Files({"folder": str(tmp_path), "format": kind}, {})

    def fail(self, path, header, rows):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Files, f"write_{kind}", fail)
    with pytest.raises(ConfigError, match="No space left on device"):
        files.send(None, "add", [record("a", email="a@x.de")])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_another_user_may_read_a_file_as_far_as_the_umask_lets(send, kind):
    umask = os.umask(0o022)
    try:
        path = send("add", [record("a", email="a@x.de")], format=kind)
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_value_of_another_kind_stops_without_naming_it(tmp_path):
    options = {"folder": str(tmp_path), "format": "parquet", "columns": {"score": "number"}}
    with pytest.raises(ConfigError) as raised:
        Files(options, {}).send(None, "add", [record("a", score="ann@example.com")])
    assert "ann" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [{}, {"folder": "x", "format": "xlsx"}, {"folder": "x", "columns": {"a": "int"}}],
)
def test_options_that_cannot_be(options):
    with pytest.raises(ConfigError):
        Files(options, {}).check()


def test_a_field_that_columns_lacks(tmp_path):
    files = Files({"folder": str(tmp_path), "columns": {"email": "text"}}, {})
    with pytest.raises(ConfigError, match="score"):
        files.send(None, "add", [record("a", score=1)])


def test_account_and_forbidden_fields():
    files = Files({"folder": "/data/out/crm"}, {})
    assert files.account == "crm"
    assert {"operation", "key"} <= files.forbidden
    assert files.erase(None, "a", None) is False


def test_doctor(tmp_path):
    folder = tmp_path / "out"
    files = Files({"folder": str(folder), "columns": {"email": "text"}}, {})
    missing = {finding.name: finding for finding in files.doctor(None, {"email": "text"})}
    assert missing["folder"].is_fine and "first push makes it" in missing["folder"].detail
    assert not folder.exists()  # to look changes nothing
    findings = list(files.doctor(None, {"email": "text"}, create=True))
    assert all(finding.is_fine for finding in findings)
    assert list(folder.iterdir()) == []
    (wrong,) = (
        finding for finding in files.doctor(None, {"score": "number"}) if finding.name == "columns"
    )
    assert "score" in wrong.detail
    assert not wrong.is_fine
