"""Reasons why a question has no answer yet; each message says what to do."""

from collections.abc import Iterable

from scripts.errors import PersonNeeded


class ExplainError(PersonNeeded):
    """The question cannot be answered before somebody decides something."""


class UnknownIdentifier(ExplainError):
    """Nobody was ever seen with this identifier."""

    def __init__(self, asked: str, near: Iterable[str]) -> None:
        names = list(near)
        if names:
            advice = "Did you mean one of these?\n" + "\n".join(f"  {name}" for name in names)
        else:
            advice = (
                "Nothing similar is known either. Ask for it as it stands in marts."
                "profile_identifiers, or run `audiences build` if it is newer than the last build."
            )
        super().__init__(f"Nobody is known by {asked}. {advice}")


class AmbiguousIdentifier(ExplainError):
    """The value is an identifier of several types, of different people."""

    def __init__(self, asked: str, names: Iterable[str]) -> None:
        lines = "\n".join(f"  {name}" for name in names)
        super().__init__(f"{asked} may be several people. Ask for one of them:\n{lines}")
