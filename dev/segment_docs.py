"""Write docs/segments.md: every segment with who is in it, what it is for, and its rule."""

import argparse
import os
import re
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import yaml

from scripts.dbt_runner import PROJECT

SEGMENTS = PROJECT / "models" / "marts" / "segments"
PAGE = PROJECT / "docs" / "segments.md"


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


def page(shown: Collection[Segment]) -> str:
    """The whole page as Markdown, for these segments in this order."""
    parts = [
        "# Segments",
        "",
        "One file each under `models/marts/segments/<theme>`, read as `segments.<name>`. Everyone "
        "can be in many; `marts.profile_segments` says which one comes first. What the words of a "
        "rule mean exactly is in [semantics](semantics.md) and [triggers](triggers.md); "
        "[adding a segment](adding-a-segment.md) takes one SQL file and one YAML entry.",
        "",
        "`make segment-docs` writes this page from the SQL and YAML of the segments.",
        "",
        "| segment | who is in it | goal | priority | cadence | theme | core |",
        "|---|---|---|---|---|---|---|",
    ]
    parts += [
        f"| [`{segment.name}`](#{segment.name}) | {segment.description} | {segment.goal} "
        f"| {segment.priority} | {segment.cadence} | {segment.theme} "
        f"| {'core' if segment.is_core else ''} |"
        for segment in shown
    ]
    parts += ["", "## Rules"]
    for segment in sorted(shown, key=lambda segment: (segment.theme, segment.name)):
        link = os.path.relpath(segment.path, PAGE.parent)
        place = f"{segment.theme}/{segment.path.name}"
        parts += ["", f"### {segment.name}", "", f"[{place}]({link})", ""]
        parts += ["```sql", segment.rule, "```"]
    return "\n".join(parts) + "\n"


def listed(text: str) -> list[str]:
    """The names of the segments that a page shows, in its order."""
    return re.findall(r"^\| \[`(\w+)`\]", text, re.MULTILINE)


def main(argv: list[str] | None = None) -> int:
    """Write the page; returns 0."""
    argparse.ArgumentParser(prog="python -m dev.segment_docs", description=__doc__).parse_args(argv)
    PAGE.write_text(page(segments()))
    print(PAGE.relative_to(PROJECT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
