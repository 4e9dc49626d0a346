"""A plug-in is found, checked, and cannot say what it does not do."""

import ast
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from scripts.delivery import destinations, plug_ins
from scripts.delivery.config import make_destination
from scripts.delivery.destination import Destination, Record, Refused, url
from scripts.delivery.errors import ConfigError

FOLDER = Path(destinations.__file__).parent
# What an address is made of beside ids: parts that are ours.
OURS = {"area", "action", "kind", "version", "old or version", "path", "by"}
OURS |= {"PERSONS", "start", "rest", "tail", "query", "quote(query)"}
OURS |= {"super().account", "resource_of(self.customer)", "'remove' if remove else 'ingest'"}


def test_our_own_are_found_in_their_folder():
    assert {"hubspot", "google", "files"} <= set(plug_ins.own())
    assert "audiences" not in plug_ins.own(), "a base is no destination"


def test_an_installed_package_brings_a_destination(tmp_path):
    """A package of somebody else's, installed as pip leaves it: no line of ours names it."""
    (tmp_path / "postcards.py").write_text(
        "from scripts.delivery.destination import Destination, Outcome\n\n\n"
        "class Postcards(Destination):\n"
        "    name = 'postcards'\n"
        "    address = 'https://postcards.example'\n\n"
        "    def send(self, call, operation, records):\n"
        "        return [Outcome(record.key, 'delivered') for record in records]\n"
    )
    about = tmp_path / "postcards-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: postcards\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[audience_engine.destinations]\npostcards = postcards:Postcards\n"
    )
    code = (
        "from scripts.delivery.config import make_destination\n"
        "print(make_destination('postcards', {}, {}).base_url)"
    )
    root = str(FOLDER.parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": f"{tmp_path}:{root}"},
    )
    assert (done.stdout.strip(), done.stderr) == ("https://postcards.example", "")


def bring(monkeypatch, name, value):
    point = EntryPoint(name, value, plug_ins.GROUP)
    monkeypatch.setattr(plug_ins, "entry_points", lambda group: [point])


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("hubspot", "evil:HubSpot", "one of ours"),
        ("gone", "no_such_module:Gone", "cannot be loaded"),
        ("path", "pathlib:Path", "no Destination with the name path"),
        ("nothing", "scripts.delivery.destination:Destination", "no Destination with the name"),
    ],
)
def test_what_cannot_be_used_is_said(monkeypatch, name, value, words):
    bring(monkeypatch, name, value)
    with pytest.raises(ConfigError, match=words):
        make_destination(name, {}, {})


def test_a_name_that_nobody_brings_lists_the_choices():
    with pytest.raises(ConfigError, match="'hubspot'"):
        make_destination("hubpsot", {}, {})


@pytest.mark.parametrize(
    ("claims", "lacks"),
    [
        ({"can_read": True}, "read, send"),
        ({"can_match": True}, "match, count, send"),
        ({"can_pull": True}, "pull, send"),
        ({}, "send"),
    ],
)
def test_a_class_cannot_claim_what_it_does_not_do(claims, lacks):
    with pytest.raises(TypeError, match=f"lacks {lacks}"):
        type("Boastful", (Destination,), {"name": "boastful", **claims})


def test_no_batch_passes_that_writes_what_a_person_decides():
    kind = type(
        "Careful",
        (Destination,),
        {"name": "careful", "forbidden": frozenset({"OptOut"}), "send": lambda *_: []},
    )
    for field in ("OptOut", "optout", "optout.news"):
        with pytest.raises(ConfigError, match=field):
            kind({}, {}).adopt(None, "add", [Record("a", None, {field: True}, {})])


def test_an_id_is_one_part_of_an_address():
    assert url("/people/{}/x", "../a?b#c d/é") == "/people/..%2Fa%3Fb%23c%20d%2F%C3%A9/x"
    for bad in ("", ".", ".."):
        with pytest.raises(Refused):
            url("/people/{}", bad)


def interpolated(path):
    """Yield what the addresses in a file are made of, and the lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr) and any(
            isinstance(part, ast.Constant) and str(part.value).startswith("/")
            for part in node.values[:2]
        ):
            for part in node.values:
                if isinstance(part, ast.FormattedValue):
                    yield node.lineno, part.value


def test_no_plug_in_writes_an_id_into_an_address_unquoted():
    wrong = [
        f"{path.name}:{line} {ast.unparse(value)}"
        for path in sorted(FOLDER.glob("*.py"))
        if path.name != "storage.py"  # paths of files, which it makes itself
        for line, value in interpolated(path)
        if not ast.unparse(value).startswith("self.") and ast.unparse(value) not in OURS
    ]
    assert wrong == []
