"""Write the list of segments in segment_memberships.sql from the files under models/marts/segments.

dbt learns what a model reads while it parses, before it knows which segments there are, so the
roll-up must name them. `audiences build` keeps that list, in order of name; a plain `dbt build`
with a list that is out of date stops and says so.
"""

import re
from pathlib import Path

import yaml

from scripts.errors import PersonNeeded

SEGMENTS = Path("models/marts/segments")
ROLL_UP = Path("models/marts/membership/segment_memberships.sql")
LIST = re.compile(r"(?P<before>set segments = \[\n)(?P<names>.*?)(?P<after>^ *\]$)", re.M | re.S)
INDENT = " " * 8
SWITCHED_OFF = re.compile(r"config\([^)]*\benabled\s*=\s*false", re.IGNORECASE)


class RollUpError(PersonNeeded):
    """The list cannot be written; the message says what to repair."""


def segment_names(project: Path) -> list[str]:
    """The names of the segments of a project that are not switched off, sorted."""
    folder = project / SEGMENTS
    off = set()
    for path in folder.rglob("*.yml"):
        for model in (yaml.safe_load(path.read_text()) or {}).get("models") or []:
            if (model.get("config") or {}).get("enabled") is False:
                off.add(model["name"])
    return sorted(
        path.stem
        for path in folder.rglob("*.sql")
        if path.stem not in off and not SWITCHED_OFF.search(path.read_text())
    )


def with_names(text: str, names: list[str]) -> tuple[str, list[str]]:
    """The roll-up's SQL with these names in its list, and what changed.

    The changes read ``+name`` and ``-name``; without any, the text is the same to the letter.
    Raises RollUpError when the text has no list to write to.
    """
    found = LIST.search(text)
    if found is None:
        raise RollUpError(
            f"{ROLL_UP} has no list that begins with `set segments = [` and ends with `]` on a "
            "line of its own. Put it back, then run this again."
        )
    listed = re.findall(r"'([^']+)'", found["names"])
    changes = [f"+{name}" for name in names if name not in listed]
    changes += [
        f"-{name}"
        for place, name in enumerate(listed)
        if name not in names or name in listed[:place]
    ]
    if not changes:
        return text, []
    lines = "".join(f"{INDENT}'{name}',\n" for name in names)
    return text[: found.start("names")] + lines + text[found.end("names") :], changes


def write_roll_up(project: Path, *, check: bool = False) -> list[str]:
    """Bring a project's list of segments up to date; returns what changed, as with_names does.

    With ``check`` nothing is written. Raises RollUpError when there is no list to write to.
    """
    path = project / ROLL_UP
    if not path.exists():
        raise RollUpError(f"{path} is missing: run this in a copy of the whole project.")
    text, changes = with_names(path.read_text(), segment_names(project))
    if changes and not check:
        path.write_text(text)
    return changes
