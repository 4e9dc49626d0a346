"""docs/adding-a-destination.md is followed to the letter: the file, the entry point, the sync."""

import importlib
import re
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import delivery
from scripts.delivery import engine, plug_ins
from scripts.delivery.errors import ConfigError

from .test_engine import fill, person
from .vendors.server import Reply, Request, Vendor

PAGE = Path(__file__).resolve().parents[3] / "docs" / "adding-a-destination.md"


def block(language: str) -> str:
    """The first block of the page in a language."""
    return re.search(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)[1]


class ClubService(Vendor):
    """The service that the page describes."""

    def __init__(self) -> None:
        super().__init__()
        self.members: dict[str, dict[str, Any]] = {}

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != "Bearer club-token":
            return Reply(401, {"error": "who are you?"})
        if request.path == "/members" and request.method == "GET":
            asked = request.query.get("email")
            found = [held for held in self.members.values() if asked in (None, held["email"])]
            return Reply(200, {"members": found})
        member: dict[str, Any] | None = {"id": f"m/{len(self.members)}"}
        if request.method != "POST":
            member = self.members.get(request.path.removeprefix("/members/").replace("%2F", "/"))
        if member is None:
            return Reply(404, {"error": "no such member"})
        if request.method == "DELETE":
            del self.members[member["id"]]
            return Reply(204)
        if "forbidden" in request.body.values():
            return Reply(422, {"error": "that is no audience"})
        self.members[member["id"]] = member
        member |= request.body
        return Reply(201 if request.method == "POST" else 200, member)


@pytest.fixture
def club(tmp_path, monkeypatch):
    """The service, and the page's package installed beside the engine."""
    (tmp_path / "club.py").write_text(block("python"))
    named = tomllib.loads(block("toml"))["project"]["entry-points"][plug_ins.GROUP]
    points = [EntryPoint(name, value, plug_ins.GROUP) for name, value in named.items()]
    monkeypatch.setattr(plug_ins, "entry_points", lambda group: points)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    with ClubService() as service:
        yield service
    sys.modules.pop("club", None)


def load(tmp_path: Path, service: ClubService, **changes: Any) -> engine.Sync:
    config = yaml.safe_load(block("yaml"))
    config["syncs"]["club_members"] |= {"require_validation": False} | changes
    config |= {
        "warehouse": str(tmp_path / "warehouse.duckdb"),
        "ledger": str(tmp_path / "ledger.duckdb"),
    }
    path = tmp_path / "sync.yml"
    path.write_text(yaml.safe_dump(config))
    environ = {"CLUB_TOKEN": "club-token", "CLUB_BASE_URL": service.url}
    [sync] = delivery.load_syncs(path, environ=environ)
    return sync


def test_the_page_builds_a_destination_that_works(club, tmp_path):
    club.members["m/ann"] = {"id": "m/ann", "email": "ann@example.com", "newsletter": "yes"}
    club.members["m/other"] = {"id": "m/other", "email": "other@example.com"}
    rows = [person("ann", segments="customers"), person("bob", segments="forbidden")]
    fill(tmp_path / "warehouse.duckdb", rows)
    sync = load(tmp_path, club)
    found = engine.plan(sync).existing
    assert (found.matched, found.new, found.held) == (1, 1, 2)
    club.fail_next(Reply(503, {"error": "later"}))
    result = engine.push(sync, first_run=True)
    assert (result.delivered, result.refused) == (1, 1)
    assert "that is no audience" in result.refusals[0][1]
    assert club.members["m/ann"] == {
        "id": "m/ann", "email": "ann@example.com", "newsletter": "yes", "audience": "customers"
    }  # fmt: skip
    fill(tmp_path / "warehouse.duckdb", [person("cid", segments="customers")])
    assert engine.push(load(tmp_path, club, max_remove_share=1)).delivered == 2
    assert club.members["m/ann"]["audience"] is None
    assert "cid@example.com" in {member["email"] for member in club.members.values()}


def test_the_page_names_a_field_that_only_the_member_decides(club, tmp_path):
    with pytest.raises(ConfigError, match="newsletter"):
        load(tmp_path, club, fields={"primary_segment": "newsletter"})
