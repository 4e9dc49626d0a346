"""Commands say the same of a warehouse in a DuckDB file, in PostgreSQL, and exported from Spark."""

import json
import logging
import shutil
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
import yaml

from scripts import audiences, targets
from scripts.dbt_runner import PROJECT, DbtFailed
from scripts.explain_identity.warehouse import TABLES as IDENTITY
from scripts.snapshot import TABLES as SNAPSHOT
from scripts.validate.marts import REQUIRED

PASSWORD = """it's "a\\b' hunter2"""
WRONG_PASSWORD = "hunter3 it's not"
TARGETS = {"postgres": ("--target", "postgres"), "spark": ("--target", "spark")}
SEGMENTS = """
select 'segments.' || table_name from information_schema.tables
where table_catalog = 'demo' and table_schema = 'segments'
"""


# These warehouses were not validated.
SYNC = {
    "require_validation": False,
    "syncs": {
        "contacts": {
            "destination": "hubspot",
            "source": "activation.crm_contacts",
            "key": "email",
            "fields": {"segments": {"to": "audience_segments", "policy": "always"}},
        }
    },
}


@pytest.fixture(scope="module")
def moved(demo, postgres, tmp_path_factory):
    """The demo's tables in a database that wants a password, and in an export."""
    import psycopg

    export = tmp_path_factory.mktemp("export")
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute("create database audience")
        server.execute(psycopg.sql.SQL("create role reader login password {}").format(PASSWORD))
        server.execute("grant pg_read_all_data to reader")
        rules = Path(server.execute("show hba_file").fetchone()[0])
        rules.write_text("local all reader scram-sha-256\n" + rules.read_text())
        server.execute("select pg_reload_conf()")
    address = postgres.replace("/postgres?", "/audience?")
    with duckdb.connect() as connection:
        targets.load_postgres(connection)
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{address}' as server (type postgres)")
        connection.execute(f"attach '{demo.warehouse}' as demo (read_only)")
        tables = sorted({*IDENTITY, *SNAPSHOT, *REQUIRED})
        for table in tables:
            connection.execute(f"create schema if not exists server.{table.split('.')[0]}")
            connection.execute(f"create table server.{table} as from demo.{table}")
            # Spark writes instants with a zone.
            instants = ", ".join(
                f"{name}::timestamptz as {name}"
                for name, kind, *_ in connection.execute(f"describe demo.{table}").fetchall()
                if kind == "TIMESTAMP"
            )
            replaced = f"replace ({instants})" if instants else ""
            put(connection, export / f"{table.replace('.', '/')}/part-0.parquet",
                f"select * {replaced} from demo.{table}")  # fmt: skip
        connection.execute("create schema server.segments")
        for (segment,) in connection.execute(SEGMENTS).fetchall():  # only their names are read
            connection.execute(
                f"call postgres_execute('server', 'create view {segment} as select 1 as profile')"
            )
            put(connection, export / f"{segment.replace('.', '/')}.parquet", "select 1 as profile")
    return SimpleNamespace(export=export, host=address.partition("host=")[2])


def put(connection, path, query):
    """Write the rows of a query to a Parquet file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection.execute(f"copy ({query}) to '{path}' (format parquet)")


@pytest.fixture
def run(capfd, tmp_path, monkeypatch):
    """A function that runs the program in a folder with the project's profile."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(PROJECT / "dbt_project.yml", "dbt_project.yml")
    shutil.copy(PROJECT / "profiles.example.yml", "profiles.yml")
    Path("sync.yml").write_text(yaml.safe_dump(SYNC))
    for name in ("WAREHOUSE", "LEDGER", "EXPORT"):
        monkeypatch.delenv(f"AUDIENCE_{name}", raising=False)
    for name in ("DBT_TARGET", "DBT_PROFILES_DIR"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments):
        code = audiences.main([str(argument) for argument in arguments])
        return SimpleNamespace(code=code, **capfd.readouterr()._asdict())

    return call


@pytest.fixture
def environ(moved, monkeypatch):
    """The environment has what the profile's targets need."""
    values = {"PGHOST": moved.host, "PGUSER": "reader", "PGPASSWORD": PASSWORD}
    for name, value in (values | {"AUDIENCE_EXPORT": str(moved.export)}).items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "command",
    [
        ("plan",),
        ("plan", "--json"),
        ("segments", "--json"),
        ("explain-identity", "--json", "{profile}"),
    ],
    ids=" ".join,
)
def test_commands_say_the_same(run, demo, environ, command, target):
    profile = demo.value("select min(profile_id) from activation.crm_contacts")
    command = [word.format(profile=profile) for word in command]
    of_file = run(*command, "--warehouse", demo.warehouse)
    of_target = run(*command, *TARGETS[target])
    assert of_file.code == 0 and len(of_file.out) > 100
    assert (of_target.code, of_target.out, of_target.err) == (0, of_file.out, of_file.err)


@pytest.mark.parametrize("target", TARGETS)
def test_validation_says_the_same_and_its_result_stops_a_push(run, demo, moved, environ, target):
    shutil.copy(demo.warehouse, "warehouse.duckdb")
    of_file = run("validate", "outputs", "--warehouse", "warehouse.duckdb")
    of_target = run("validate", "outputs", *TARGETS[target])
    path = Path("data/postgres" if target == "postgres" else moved.export) / "validation.json"
    assert (of_target.code, of_file.code) == (0, 0)
    found, expected = (json.loads(place.read_text()) for place in (path, Path("validation.json")))
    assert found["success"] and found["suites"] == expected["suites"]
    path.write_text(json.dumps(found | {"success": False}))
    assert run("plan", *TARGETS[target]).code == 4
    path.unlink()


def test_the_profiles_own_target_is_read(run, environ):
    named = run("segments", *TARGETS["postgres"])
    profiles = Path("profiles.yml")
    profiles.write_text(profiles.read_text().replace("target: dev", "target: postgres"))
    assert run("segments").out == named.out != ""
    assert run("segments", "--target", "dev").code == 2  # there is no file


def test_the_file_of_a_duckdb_target_is_read(run, demo, monkeypatch):
    monkeypatch.setenv("AUDIENCE_WAREHOUSE", str(demo.warehouse))
    assert run("segments", "--target", "dev").out == run("segments").out != ""


def test_an_export_can_be_named(run, moved):
    assert run("segments", "--export", moved.export).code == 0
    assert run("segments", "--export", moved.export, "--target", "spark").code == 0
    assert "without an --export" in run("segments", "--export", "x", "--target", "dev").err
    assert "Leave it out" in run("segments", "--warehouse", "x", "--target", "dev").err


def test_an_export_that_is_missing_says_how_to_make_it(run, tmp_path):
    for arguments in (("--target", "spark"), ("--export", "nowhere"), ("--export", tmp_path)):
        for command in ("segments", "plan"):
            done = run(command, *arguments)
            assert done.code == 2
            assert "dbt run-operation export_marts --target spark --args" in done.err


def test_a_target_that_the_profile_lacks_is_named(run):
    for command in ("plan", "segments", "validate"):
        done = run(command, "--target", "nowhere")
        assert done.code == 2 and done.out == ""
        assert "does not have a target named 'nowhere'" in done.err
        assert "postgres" in done.err


def test_without_a_profile_it_says_where_one_is_expected(run, monkeypatch, tmp_path):
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path / "none"))
    done = run("plan", "--target", "postgres")
    assert done.code == 2 and "copy profiles.example.yml" in done.err


def test_a_database_without_our_tables_says_how_to_make_them(run, environ, monkeypatch):
    monkeypatch.setenv("PGDATABASE", "postgres")
    for command in ("segments", "plan", "validate"):
        done = run(command, *(["outputs"] if command == "validate" else []), *TARGETS["postgres"])
        assert done.code == 2
        assert "The PostgreSQL database postgres at" in done.err
        assert "Run `audiences build --target postgres`" in done.err


def test_a_server_that_does_not_answer_is_explained(run, monkeypatch):
    for name, value in {"PGHOST": "127.0.0.1", "PGPORT": "1", "PGPASSWORD": PASSWORD}.items():
        monkeypatch.setenv(name, value)
    done = run("plan", *TARGETS["postgres"])
    assert done.code == 2
    assert "cannot be read: connection to server" in done.err and "refused" in done.err
    assert "hunter" not in done.out + done.err


@pytest.mark.parametrize("command", [("plan",), ("plan", "--json"), ("explain-identity", "x")])
def test_a_password_appears_nowhere(run, environ, monkeypatch, caplog, tmp_path, command):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("PGPASSWORD", WRONG_PASSWORD)
    done = run(*command, *TARGETS["postgres"])
    assert done.code == 6
    told = done.out + done.err
    assert "password authentication failed" in told
    kept = [path.read_text(errors="ignore") for path in tmp_path.rglob("*") if path.is_file()]
    assert not [text for text in (told, caplog.text, *kept) if "hunter" in text]


def test_what_dbt_cannot_render_does_not_quote_the_password(run, monkeypatch):
    profiles = Path("profiles.yml")
    port, password = "env_var('PGPORT', '5432')", "env_var('PGPASSWORD')"
    profiles.write_text(profiles.read_text().replace(port, password))
    monkeypatch.setenv("PGPASSWORD", WRONG_PASSWORD)
    done = run("plan", *TARGETS["postgres"])
    assert done.code == 2 and "dbt cannot read the target postgres" in done.err
    assert "hunter" not in done.err


def test_the_export_is_for_engines_that_are_not_read(demo, tmp_path):
    with pytest.raises(DbtFailed) as failure:
        demo.dbt("run-operation", "export_marts", "--args", f"{{folder: {tmp_path}}}")
    assert "export_marts is for Spark" in failure.value.output + str(failure.value)
