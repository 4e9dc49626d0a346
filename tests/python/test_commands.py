"""The program `audiences`: help, exit codes, how it is documented, and what may import what."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from dev import command_docs
from scripts import audiences
from scripts.commands.build import read_vars
from scripts.dbt_runner import PROJECT

COMMANDS = [name.replace("_", "-") for names in audiences.COMMANDS.values() for name in names]
DEV_PROGRAMS = sorted(
    path.parent.name if path.name == "__main__.py" else path.stem
    for path in (*PROJECT.glob("dev/*.py"), *PROJECT.glob("dev/*/__main__.py"))
    if "__main__" in path.read_text() or path.name == "__main__.py"
)


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """A function that runs the program in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("AUDIENCE_WAREHOUSE", "AUDIENCE_LEDGER", "DBT_TARGET_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments):
        code = audiences.main(list(arguments))
        return SimpleNamespace(code=code, **capsys.readouterr()._asdict())

    return call


def test_every_file_of_the_folder_is_a_command():
    files = {path.stem for path in (PROJECT / "scripts/commands").glob("*.py")} - {"__init__"}
    assert files == {name.replace("-", "_") for name in COMMANDS}


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_the_screen(run, command):
    done = run(*command.split(), "--help")
    assert done.code == 0
    assert f"Usage: audiences {command}".strip() in done.out
    assert max(len(line) for line in done.out.splitlines()) <= 80


def test_the_program_lists_its_commands_and_exit_codes(run):
    text = run("--help").out
    for command in COMMANDS:
        assert f" {command} " in text
    assert "Exit codes: 0 everything is as it should be" in text


def test_what_it_does_not_know_is_an_error(run):
    assert run("fly").code == 2
    assert "No such command" in run("fly").err
    assert run("plan", "--fly").code == 2
    assert run("push", "--limit", "0").code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate",),
        ("segments",),
        ("explain-identity", "x"),
        ("plan",),
        ("status", "--config", "x"),
    ],
)
def test_what_is_missing_is_named(run, arguments):
    done = run(*arguments)
    assert done.code == 2
    assert done.out == ""
    what = "There is no file x" if "--config" in arguments else "There is no warehouse at"
    assert done.err.startswith(f"Stopped. {what}" if arguments[0] != "plan" else "Stopped.")
    assert what in done.err


def test_errors_can_be_json(run):
    found = json.loads(run("segments", "--json").out)
    assert found["exit_code"] == 2
    assert "Run `audiences build` first" in found["error"]


def test_a_warehouse_that_is_not_built_is_explained(run):
    duckdb.connect("empty.duckdb").close()
    done = run("segments", "--warehouse", "empty.duckdb")
    assert done.code == 2
    assert "has no marts.event_intake" in done.err and "Run `audiences build`" in done.err


def test_a_warehouse_in_use_has_an_exit_code_of_its_own(run):
    with duckdb.connect("held.duckdb"):
        done = run("segments", "--warehouse", "held.duckdb")
        assert done.code == run("explain-identity", "x", "--warehouse", "held.duckdb").code == 5
    assert "Something writes to held.duckdb" in done.err


def test_a_build_wants_the_projects_folder(run):
    done = run("build")
    assert done.code == 2
    assert "There is no dbt_project.yml in" in done.err


def test_vars_that_are_no_mapping_are_refused(run):
    done = run("build", "--vars", "[1")
    assert done.code == 2
    assert "is not a mapping" in done.err


def test_vars_are_read_as_dbt_takes_them():
    assert read_vars("{as_of: 2026-06-30T00:00:00Z, event_sources: [a], n: 7}") == {
        "as_of": "2026-06-30T00:00:00+00:00",
        "event_sources": ["a"],
        "n": 7,
    }
    assert read_vars(None) == {}


def test_an_interrupt_says_that_nothing_is_lost(run, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("scripts.snapshot.look", interrupt)
    done = run("segments")
    assert done.code == 130
    assert "The next run does what is left" in done.err


def test_the_program_is_installed():
    done = subprocess.run(
        [Path(sys.executable).parent / "audiences", "plan", "--help"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert "Show what a push would send" in done.stdout


def test_the_page_of_commands_is_current():
    assert command_docs.PAGE.read_text() == command_docs.page(), "run `make command-docs`"
    for command in COMMANDS:
        assert f"\n### {command}\n" in command_docs.page()


def imported(path):
    """The first part of every module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").split(".")[0]


def test_what_an_operator_runs_needs_neither_tests_nor_tools(tmp_path):
    for path in (PROJECT / "scripts").rglob("*.py"):
        assert not {"dev", "tests"} & set(imported(path)), path
    wrong = tmp_path / "wrong.py"
    wrong.write_text("def late():\n    from dev import demo\n")
    assert list(imported(wrong)) == ["dev"]


def vague_names(path):
    """Variables and parameters that are called one, said or of; fields of classes may be."""
    tree = ast.parse(path.read_text())
    fields = {id(node.target) for node in ast.walk(tree) if isinstance(node, ast.AnnAssign)}
    for node in ast.walk(tree):
        is_stored = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        name = node.id if is_stored else node.arg if isinstance(node, ast.arg) else ""
        if name in ("one", "said", "of") and id(node) not in fields:
            yield f"{path.name}:{node.lineno} {name}"


def test_names_say_what_they_hold(tmp_path):
    for folder in ("scripts", "dev", "tests"):
        for path in (PROJECT / folder).rglob("*.py"):
            assert list(vague_names(path)) == []
    wrong = tmp_path / "wrong.py"
    wrong.write_text("for one in (1, 2):\n    said = lambda of: of\n")
    assert len(list(vague_names(wrong))) == 3


def test_every_developers_program_has_a_target_and_help():
    makefile = (PROJECT / "Makefile").read_text()
    in_make = set(re.findall(r"-m dev\.(\w+)", makefile))
    assert set(DEV_PROGRAMS) == in_make
    for name in DEV_PROGRAMS:
        done = subprocess.run(
            [sys.executable, "-m", f"dev.{name}", "--help"],
            cwd=PROJECT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert f"usage: python -m dev.{name}" in done.stdout


def test_every_target_is_listed():
    makefile = (PROJECT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY:((?:.*\\\n)*.*)$", makefile, re.MULTILINE).group(1)
    targets = re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)
    assert sorted(targets) == sorted(phony.replace("\\", " ").split())
    listed = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert [line.split()[1] for line in listed] == targets
    assert max(map(len, listed)) <= 80


def test_nothing_names_the_programs_of_before():
    """Neither code nor pages; the changelog tells what they were called."""
    old = re.compile(r"python -m scripts|crm_sync")
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout.split()
    for name in tracked:
        path = PROJECT / name
        if name in ("CHANGELOG.md", "tests/python/test_commands.py") or not path.is_file():
            continue
        if path.suffix in (".py", ".md", ".yml", ".sql", ".toml", ".csv", ""):
            assert not old.search(path.read_text(errors="ignore")), name
