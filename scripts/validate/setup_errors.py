"""Reasons why nothing can be validated yet; each message says what to do."""

from collections.abc import Iterable
from pathlib import Path

from scripts.errors import PersonNeeded


class ValidationSetupError(PersonNeeded):
    """Nothing was judged: a path, an option or a setting needs attention first."""


class NoSources(ValidationSetupError):
    """The last build read no source of this project."""

    def __init__(self) -> None:
        super().__init__(
            "The last build read no source. List yours in var event_sources and run "
            "`audiences build`."
        )


class UnknownSource(ValidationSetupError):
    """A source that the last build did not read."""

    def __init__(self, asked: Iterable[str], known: Iterable[str]) -> None:
        super().__init__(
            f"The last build read no source {', '.join(asked)}; it read {', '.join(known)}. Choose "
            "among these with --sources, or list the other in var event_sources and build again."
        )


class UnknownModel(ValidationSetupError):
    """A table's `judged_as` names no model."""

    def __init__(self, table: str, model: str) -> None:
        super().__init__(
            f"The YAML of source table {table} says judged_as: {model}, and there is no such model "
            "that is switched on. Name the staging model that reads the table."
        )


class UnknownScope(ValidationSetupError):
    """A scope other than inputs, outputs and all."""

    def __init__(self, scope: str, scopes: Iterable[str]) -> None:
        super().__init__(f"There is no scope {scope!r}: choose among {', '.join(scopes)}.")


class UnreadableInstant(ValidationSetupError):
    """An `as_of` that is no ISO 8601 instant."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"as_of {text!r} is not an ISO 8601 instant: write it like 2026-06-30T00:00:00Z."
        )


class UnreadableSetting(ValidationSetupError):
    """A settings or state file with a content that cannot be used."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}.")


class UnorderedBound(ValidationSetupError):
    """A bound that would fail before it warns."""

    def __init__(self, name: str, warn: float, fail: float) -> None:
        super().__init__(
            f"{name} would fail above {fail:g} and warn only above {warn:g}: "
            "give the smaller number first."
        )
