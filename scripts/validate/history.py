"""Sizes of earlier successful runs: what "shrank too much" is measured against."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.validate.report import write_json
from scripts.validate.setup_errors import UnreadableSetting

RUNS_KEPT = 100


@dataclass(frozen=True)
class Run:
    """Members per segment and rows of `crm_contacts` as of one instant (ISO 8601 text, UTC)."""

    as_of: str
    contacts: int
    segments: dict[str, int]

    @property
    def sort_key(self) -> str:
        """Without the zone letter, 12:00:00 sorts before 12:00:00.5 as it should."""
        return self.as_of.removesuffix("Z")


def read_history(path: Path) -> list[Run]:
    """All remembered runs, oldest first."""
    if not path.is_file():
        return []
    try:
        runs = [Run(**run) for run in json.loads(path.read_text(encoding="utf-8"))["runs"]]
        return sorted(runs, key=lambda run: run.sort_key)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableSetting(
            path, "it cannot be read; delete it, and the next run starts a new baseline"
        ) from error


def baseline(runs: list[Run], as_of: str) -> Run | None:
    """The run to compare with: the newest before `as_of`, else the first one at `as_of` itself.

    Comparing with an earlier instant, not with the run before, keeps a repeated run from becoming
    its own yardstick. Later runs never count: replaying the past must not read the future.
    """
    instant = as_of.removesuffix("Z")
    earlier = [run for run in runs if run.sort_key < instant]
    same = [run for run in runs if run.sort_key == instant]
    return earlier[-1] if earlier else next(iter(same), None)


def remember(path: Path, runs: list[Run], run: Run, *, replace: bool = False) -> None:
    """Add a successful run; one for the same instant stays as it was unless `replace`."""
    others = [kept for kept in runs if kept.sort_key != run.sort_key]
    if len(others) < len(runs) and not replace:
        return
    kept = sorted([*others, run], key=lambda kept: kept.sort_key)[-RUNS_KEPT:]
    write_json(path, {"runs": [asdict(run) for run in kept]})
