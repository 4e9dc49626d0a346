"""Write docs/segments.md: every segment, who is in it, how many in the demo, and its rule."""

import argparse
import os
import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import yaml

from dev.demo import Folder
from scripts.dbt_runner import PROJECT

SEGMENTS = PROJECT / "models" / "marts" / "segments"
PAGE = PROJECT / "docs" / "segments.md"


@dataclass(frozen=True)
class Measure:
    """How many people of the demo are in a segment, and the segment that is most like it.

    `neighbour` has the largest share in common of all people who are in either; the first by name
    of several, and none where no other segment has one of these people.
    """

    people: int = 0
    neighbour: str = ""
    in_common: float = 0


@dataclass(frozen=True)
class Segment:
    """What the SQL and the YAML of one segment say."""

    name: str
    theme: str
    path: Path
    description: str
    goal: str
    priority: int
    cadence: str
    is_core: bool
    rule: str


def segments(folder: Path = SEGMENTS) -> list[Segment]:
    """All segments of a project, core ones first, then by priority.

    A SQL file without a YAML entry is left out; a build refuses it.
    """
    entries = {
        model["name"]: model
        for path in folder.rglob("*.yml")
        for model in yaml.safe_load(path.read_text())["models"]
    }
    found = [
        segment(path, entries[path.stem]) for path in folder.rglob("*.sql") if path.stem in entries
    ]
    return sorted(found, key=lambda segment: (not segment.is_core, segment.priority))


def segment(path: Path, entry: dict) -> Segment:
    """One segment from its file and its YAML entry."""
    meta = entry["config"]["meta"]
    return Segment(
        name=path.stem,
        theme=path.parent.name,
        path=path,
        description=" ".join(entry["description"].split()),
        goal=meta["goal"],
        priority=int(meta["priority"]),
        cadence=meta["cadence"],
        is_core=bool(meta.get("core", False)),
        rule=rule(path.read_text()),
    )


def rule(sql: str) -> str:
    """The condition of a segment: what stands after `where`, moved to the left margin."""
    lines = re.split(r"^where\b[ \n]", sql, flags=re.MULTILINE)[-1].strip("\n").splitlines()
    indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return "\n".join(line[indent:] for line in lines)


def measures(warehouse: Path, shown: Collection[Segment]) -> dict[str, Measure]:
    """What a built warehouse says about these segments, by name; neighbours are among them.

    Raises duckdb.Error when there is none, or it holds no segments.
    """
    members: dict[str, set[str]] = {segment.name: set() for segment in shown}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute("select segment, profile_id from marts.segment_memberships")
        for name, profile_id in rows.fetchall():
            if name in members:
                members[name].add(profile_id)
    return {name: measure(name, members) for name in members}


def measure(name: str, members: Mapping[str, set[str]]) -> Measure:
    """One segment beside all others."""
    own = members[name]
    in_common, neighbour = min(
        (-len(own & others) / len(own | others), other)
        for other, others in members.items()
        if other != name and own | others
    )
    return Measure(len(own), neighbour if in_common else "", -in_common)


def page(shown: Collection[Segment], measured: Mapping[str, Measure]) -> str:
    """The whole page as Markdown, for these segments in this order."""
    parts = [
        "# Segments",
        "",
        "One file each under `models/marts/segments/<theme>`, read as `segments.<name>`. Everyone "
        "can be in many; `marts.profile_segments` says which one comes first. What the words of a "
        "rule mean exactly is in [semantics](semantics.md) and [triggers](triggers.md); "
        "[adding a segment](adding-a-segment.md) takes one SQL file and one YAML entry.",
        "",
        "`make demo segment-docs` writes this page from the SQL and YAML of the segments and from "
        "the demo, of which many people were planted to be in or just outside of each. The nearest "
        "segment is the one with the largest share in common of all who are in either.",
        "",
        "| segment | who is in it | goal | priority | cadence | theme | core | in the demo |",
        "|---|---|---|---|---|---|---|---|",
    ]
    parts += [
        f"| [`{segment.name}`](#{segment.name}) | {segment.description} | {segment.goal} "
        f"| {segment.priority} | {segment.cadence} | {segment.theme} "
        f"| {'core' if segment.is_core else ''} | {measured[segment.name].people:,} |"
        for segment in shown
    ]
    parts += ["", "## Rules"]
    for segment in sorted(shown, key=lambda segment: (segment.theme, segment.name)):
        link = os.path.relpath(segment.path, PAGE.parent)
        place = f"{segment.theme}/{segment.path.name}"
        parts += ["", f"### {segment.name}", "", segment.description, ""]
        parts += [f"[{place}]({link}). {in_words(measured[segment.name])}", ""]
        parts += ["```sql", segment.rule, "```"]
    return "\n".join(parts) + "\n"


def in_words(found: Measure) -> str:
    """A measure as a sentence."""
    people = f"{found.people:,} {'person' if found.people == 1 else 'people'} in the demo"
    if not found.neighbour:
        return f"{people}, in no other segment."
    share = f"{100 * found.in_common:.0f} %" if found.in_common >= 0.005 else "less than 1 %"
    link = f"[`{found.neighbour}`](#{found.neighbour})"
    return f"{people}; nearest: {link}, {share} in common."


def listed(text: str) -> list[str]:
    """The names of the segments that a page shows, in its order."""
    return re.findall(r"^\| \[`(\w+)`\]", text, re.MULTILINE)


def main(argv: list[str] | None = None) -> int:
    """Write the page; returns 0, or 1 when the demo is not built."""
    parser = argparse.ArgumentParser(prog="python -m dev.segment_docs", description=__doc__)
    parser.add_argument(
        "--warehouse",
        type=Path,
        default=Folder(PROJECT / "data" / "demo").warehouse,
        help="the demo's (default: %(default)s)",
    )
    warehouse = parser.parse_args(argv).warehouse
    shown = segments()
    try:
        measured = measures(warehouse, shown)
    except duckdb.Error as error:
        print(f"No segments in {warehouse}: {error}\nRun make demo first.", file=sys.stderr)
        return 1
    PAGE.write_text(page(shown, measured))
    print(PAGE.relative_to(PROJECT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
