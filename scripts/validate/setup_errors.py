"""Reasons why nothing can be validated yet; each message says what to do."""

from collections.abc import Iterable
from pathlib import Path


class ValidationSetupError(Exception):
    """Nothing was judged: a path, an option or the warehouse needs attention first."""


class MissingWarehouse(ValidationSetupError):
    """There is no warehouse file to look into."""

    def __init__(self, warehouse: Path) -> None:
        super().__init__(
            f"there is no warehouse at {warehouse}: run `dbt build` first, "
            "or name the file with --warehouse or AUDIENCE_WAREHOUSE"
        )


class UnreadableWarehouse(ValidationSetupError):
    """The warehouse file is there and cannot be opened for reading."""

    def __init__(self, warehouse: Path, reason: str) -> None:
        super().__init__(
            f"{warehouse} cannot be opened: {reason}. If another process writes to it (dbt build, "
            "a database browser), wait until that has ended or close it"
        )


class MissingMarts(ValidationSetupError):
    """The warehouse lacks tables that the checks read."""

    def __init__(self, warehouse: Path, tables: Iterable[str]) -> None:
        super().__init__(
            f"{warehouse} has no {' and no '.join(tables)}: run `dbt build` to make them"
        )


class MissingRawData(ValidationSetupError):
    """No folder of a known source under the raw path."""

    def __init__(self, raw_path: Path, known: Iterable[str], asked: Iterable[str] = ()) -> None:
        wanted = ", ".join(asked)
        found = f"no folder for {wanted} in" if wanted else "no known source in"
        super().__init__(
            f"there is {found} {raw_path}: expected {raw_path}/<source>/<table>/ with source one "
            f"of {', '.join(known)}. Make demo data with `python -m dev.make_demo_data`, or "
            "name another place with --raw-path or other sources with --sources"
        )


class UnknownSource(ValidationSetupError):
    """A source that no suite exists for."""

    def __init__(self, asked: Iterable[str], known: Iterable[str]) -> None:
        super().__init__(f"no suite for source {', '.join(asked)}: choose among {', '.join(known)}")


class UnknownScope(ValidationSetupError):
    """A scope other than inputs, outputs and all."""

    def __init__(self, scope: str, scopes: Iterable[str]) -> None:
        super().__init__(f"unknown scope {scope!r}: choose among {', '.join(scopes)}")


class UnreadableInstant(ValidationSetupError):
    """An `as_of` that is no ISO 8601 instant."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"as_of {text!r} is not an ISO 8601 instant: write it like 2026-06-30T00:00:00Z"
        )


class UnreadableSetting(ValidationSetupError):
    """A settings or state file with a content that cannot be used."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")


class UnorderedBound(ValidationSetupError):
    """A bound that would fail before it warns."""

    def __init__(self, name: str, warn: float, fail: float) -> None:
        super().__init__(
            f"{name} would fail above {fail:g} and warn only above {warn:g}: "
            "give the smaller number first"
        )
